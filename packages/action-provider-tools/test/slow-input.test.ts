import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { defineActionProvider } from '../src/index.ts'
import { type Answer, type Served, serveForTest } from './served.ts'

/** Small inputs that a schema takes very long to check, over HTTP on a listening server. */

const contact = { admin_contact: 'support@example.org' }
const again = { properties: { c: { $ref: '#/$defs/n' } }, required: ['x'] }
const recursive = defineActionProvider({
  description: { ...contact, title: 'recursive', synchronous: true },
  input: {
    type: 'object',
    $defs: { n: { anyOf: [again, again] } },
    properties: { c: { $ref: '#/$defs/n' } },
  },
  run: () => ({ done: true }),
})
const tree = defineActionProvider({
  description: { ...contact, title: 'tree', synchronous: true },
  input: { type: 'object', properties: { name: { type: 'string' }, children: { items: { $ref: '#' } } } },
  run: () => ({ done: true }),
})

/** 500 bytes, for which the schema needs longer than the sun has. */
let attack: object = {}
for (let depth = 0; depth < 80; depth++) attack = { c: attack }

let served: Served
beforeAll(async () => {
  served = await serveForTest([recursive, tree])
})
afterAll(() => served.close())

const as = (username: string): { token: string } => served.auth.caller({ username })
const run = (caller: { token: string }, request_id: string, body: object, prefix = '/p'): Promise<Answer> =>
  served.ask(caller, 'POST', `${prefix}/run`, { request_id, body })

describe('a small input that takes long to check', () => {
  test('is refused; what fits and what does not is told as ever', async () => {
    const answer = await run(as('mallory'), 'long', attack)
    expect([answer.status, answer.json]).toEqual([
      422,
      {
        code: 'RequestValidationError',
        description: "Field '$' (category: 'timeout'): takes too long to check against the input schema",
      },
    ])
    for (const caller of [as('mallory'), as('alice')]) {
      expect((await run(caller, 'fits', { c: { x: 1, c: { x: 1 } } })).status).toBe(202)
      const wrong = await run(caller, 'wrong', { c: { sécret: 1 } })
      expect(wrong.json.description).toContain(
        "Field '$.c' (category: 'required'): must have required property 'x'",
      )
    }
  })

  test('leaves the event loop free', async () => {
    const mallory = as('mallory')
    await run(mallory, 'the first', attack)
    const [all, loop] = [process.cpuUsage(), process.threadCpuUsage()]
    for (let round = 0; round < 2; round++) expect((await run(mallory, `${round}`, attack)).status).toBe(422)
    const total = ({ user, system }: NodeJS.CpuUsage): number => user + system
    // Server and client share this thread; what it computes in all that time is little beside what the checks do.
    expect(total(process.threadCpuUsage(loop))).toBeLessThan(total(process.cpuUsage(all)) / 4)
  })

  test('keeps no other caller waiting, at the same provider either', async () => {
    let answered = 0
    const attacks = Array.from({ length: 4 }, async (_, index) => {
      const answer = await run(as('mallory'), `at once ${index}`, attack)
      answered++
      return answer.status
    })
    await eventually(() => answered > 0)
    const others = [
      run(as('alice'), 'meanwhile', { c: { x: 1 } }),
      run(as('bob'), 'meanwhile', { name: 'a', children: [{ name: 'b' }] }, '/p2'),
      served.ask(as('alice'), 'GET', '/p/actions'),
    ]
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([202, 202, 200])
    expect(answered).toBeLessThan(4)
    expect(new Set(await Promise.all(attacks))).toEqual(new Set([422]))
  })
})

test('a tree is checked where it arrives: nothing of it can multiply', () => {
  expect([tree.input.mayTakeLong, recursive.input.mayTakeLong]).toEqual([false, true])
})
