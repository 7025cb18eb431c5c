import type { RequestListener } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPages } from '../src/client/pages.ts'
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

describe('pages', () => {
  const answer = { status: 200, headers: new Headers(), json: [], url: new URL('http://localhost') }
  const pageOf =
    (text: string): (() => Promise<never>) =>
    async () =>
      ({ ...answer, text }) as never

  test('end when they are too many bytes together', async () => {
    let pages = 0
    const { more } = await readPages(Number.POSITIVE_INFINITY, pageOf('x'.repeat(16 * 1024 * 1024)), () => ({
      items: [],
      next: String(++pages),
    }))
    expect(more).toBe(true)
    expect(pages).toBe(5)
  })
  test('end at a marker that comes again', async () => {
    const { items, more } = await readPages(Number.POSITIVE_INFINITY, pageOf(''), () => ({
      items: [1],
      next: 'a',
    }))
    expect({ items, more }).toEqual({ items: [1, 1], more: false })
  })
  test('end with as many items as are wanted', async () => {
    let next = 0
    const { items } = await readPages(150, pageOf(''), () => ({
      items: Array.from({ length: 100 }),
      next: String(++next),
    }))
    expect([items.length, next]).toEqual([200, 2])
  })
})
