import type { RequestListener } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gathered } from '../src/client/gathered.ts'
import type { Machine } from './cli.ts'
import { pretend } from './pretend.ts'
import { createWorld, type World } from './world.ts'

let world: World
let home: Machine

beforeAll(async () => {
  world = await createWorld()
  home = await world.machine({ ACTION_TOKEN: 'a-token-of-somebody' })
})
afterAll(() => world.close())

const description = { globus_auth_scope: 'x', title: 'Hostile', log_supported: true, input_schema: {} }

function json(document: (page: number) => unknown, link = false): RequestListener {
  let page = 0
  return (_request, response) => {
    page += 1
    response.setHeader('content-type', 'application/json')
    if (link) response.setHeader('link', `<?marker=${page}>; rel="next"`)
    response.end(JSON.stringify(document(page)))
  }
}

describe('a hostile provider', () => {
  test.each([
    ['a log', ['log', 'id'], json((page) => ({ has_next_page: true, marker: String(page), entries: [] }))],
    ['a list of actions', ['list'], json((page) => [{ action_id: `a${page}`, status: 'ACTIVE' }], true)],
  ])('does not give pages of %s without end', async (_name, args, answers) => {
    const { url, received, close } = await pretend(description, answers)
    const run = await home.run([...args, '-u', url])
    expect(run.code).toBe(0)
    expect(run.stderr).toMatch(/^There are more/)
    expect(received.length).toBeLessThan(110)
    await close()
  })

  test('does not keep the check of a body busy by a schema that takes for ever', async () => {
    // Each level is tried twice, and what is below it four times.
    const level = { type: 'object', properties: { next: { $ref: '#/$defs/level' } }, required: ['next'] }
    const input_schema = {
      $ref: '#/$defs/level',
      $defs: {
        level: {
          anyOf: [
            { ...level, title: 'one' },
            { ...level, title: 'two' },
          ],
        },
      },
    }
    const started = json(() => ({ action_id: 'a', status: 'SUCCEEDED', details: {} }))
    const { url, close } = await pretend({ ...description, input_schema }, started)
    let body: object = {}
    for (let depth = 0; depth < 60; depth++) body = { next: body }
    const run = await home.run(['run', '-u', url, '-b', JSON.stringify(body)])
    expect(run.stderr).toContain('takes too long to check against')
    await close()
  })

  test('does not keep it busy by a schema that takes for ever to read', async () => {
    const name = (index: number): string => `property${index}`
    const properties = Object.fromEntries(
      Array.from({ length: 200_000 }, (_, index) => [
        name(index),
        { pattern: `^${index}[a-z]+$`, minLength: 3 },
      ]),
    )
    const started = json(() => ({ action_id: 'a', status: 'SUCCEEDED', details: {} }))
    const { url, close } = await pretend({ ...description, input_schema: { properties } }, started)
    const run = await home.run(['run', '-u', url, '-b', '{}'])
    expect(run.stderr).toMatch(/The body is sent unchecked, as the provider's schema cannot be used/)
    expect(run.code).toBe(0)
    await close()
  })

  test.each([['a log'], ['an action']])(
    'does not overflow the stack by %s that nests deeply',
    async (what) => {
      const deep = `${'[{"items":'.repeat(100_000)}{}${'}]'.repeat(100_000)}`
      const { url, close } = await pretend(description, (_request, response) => {
        response.setHeader('content-type', 'application/json').end(`{"entries":${deep}}`)
      })
      const run = await home.run(what === 'a log' ? ['log', 'id', '-u', url] : ['status', 'id', '-u', url])
      expect(run.code).toBe(4)
      expect(run.stderr).not.toContain('fault of action-provider itself')
      await close()
    },
  )
})

describe('what is gathered', () => {
  test('ends when it is too much text together', async () => {
    const text = 'x'.repeat(16 * 1024 * 1024)
    const { items, more } = await gathered(Number.POSITIVE_INFINITY, async function* () {
      for (;;) yield text
    })
    expect(more).toBe(true)
    expect(items).toHaveLength(4)
  })
  test('ends with as many items as are wanted', async () => {
    const { items, more } = await gathered(150, async function* ({ maximumPages }) {
      for (;;) yield maximumPages
    })
    expect({ items, more }).toEqual({ items: Array(150).fill(100), more: false })
  })
})
