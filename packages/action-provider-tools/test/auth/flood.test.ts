import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EmulatedGlobus, emulateGlobus, refusal, times } from './emulated-globus.ts'

let globus: EmulatedGlobus
beforeAll(async () => {
  globus = await emulateGlobus()
})
afterAll(() => globus.close())

const madeUp = 'Ag0made-up-'
/** Answers for made-up tokens at once, as Globus Auth does; asks the emulator for all others. */
const shortcut: typeof fetch = async (url, init) =>
  init?.body instanceof URLSearchParams && init.body.get('token')?.startsWith(madeUp)
    ? Response.json({ active: false })
    : fetch(url, init)

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

describe('a flood of 50,000 made-up tokens', () => {
  test('pushes no known caller out, and fills no more memory than its bound', async () => {
    const auth = globus.auth({ fetch: shortcut })
    const tokens = await Promise.all(times(100, () => globus.token('alice')))
    const callers = await Promise.all(tokens.map((token) => auth.authenticate(token)))
    const flood = async (from: number, to: number): Promise<void> => {
      for (let start = from; start < to; start += 500) {
        const refused = await Promise.all(
          times(500, (index) => refusal(() => auth.authenticate(`${madeUp}${start + index}`))),
        )
        expect(refused.every((error) => (error as { status?: number }).status === 401)).toBe(true)
      }
    }
    // By then each cache holds all it may: what comes after takes the place of what was.
    await flood(0, 20_000)
    const full = heapUsed()
    await flood(20_000, 50_000)
    const grown = heapUsed() - full

    expect(tokens.map((token) => auth.authenticate(token))).toEqual(callers)
    // An entry takes some 100 bytes: had the last 30,000 stayed, they would take more than this.
    expect(grown / 30_000).toBeLessThan(30)
  }, 90_000)

  test('of known callers instead is bounded too: whoever was unseen for longest is forgotten', async () => {
    const auth = globus.auth({ cacheSize: 3 })
    const tokens = await Promise.all(times(4, () => globus.token('alice')))
    for (const token of tokens) await auth.authenticate(token)
    const [first = '', ...others] = tokens
    expect(await globus.asked(() => others.map((token) => auth.authenticate(token)))).toEqual({})
    expect(await globus.asked(() => auth.authenticate(first))).toEqual({ introspect: 1 })
  })
})
