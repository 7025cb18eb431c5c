import { type Fault, groupsScope } from 'globus-emulator'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Auth } from '../../src/auth/auth.ts'
import { type GlobusAuthOptions, globusAuth } from '../../src/auth/globus-auth.ts'
import { ServiceUnavailable } from '../../src/errors.ts'
import { type EmulatedGlobus, emulateGlobus, refusal } from './emulated-globus.ts'

let globus: EmulatedGlobus
beforeAll(async () => {
  globus = await emulateGlobus()
})
afterEach(async () => {
  await globus.calm()
  vi.restoreAllMocks()
})
afterAll(() => globus.close())

const failing = (endpoint: Fault['endpoint'], fault: Partial<Fault> = {}): Promise<void> =>
  globus.emulator.setFault({ endpoint, status: 500, ...fault })

describe('a call that fails', () => {
  test.each([{ status: 500 }, { status: 429 }, { body: 'garbage' }, { body: 'cut' }] as const)(
    'with %j is tried once more by default, and the caller does not notice',
    async (fault) => {
      const auth = globusAuth({
        clientId: globus.provider.client_id,
        clientSecret: globus.provider.client_secret,
        scope: globus.scope,
        authUrl: globus.emulator.url,
      })
      const token = await globus.token('alice')
      await globus.emulator.setFault({ endpoint: 'introspect', count: 1, ...fault })
      const asked = await globus.asked(() => auth.authenticate(token))
      expect(asked).toEqual({ introspect: 2 })
    },
  )

  test.each([0, 1, 3])('is tried again %i times at most', async (retries) => {
    const auth = globus.auth({ retries })
    const alice = await auth.authenticate(await globus.token('alice'))
    await failing('*')
    expect(await globus.asked(() => refusal(() => auth.authenticate('Ag0token')))).toEqual({
      introspect: retries + 1,
    })
    expect(await globus.asked(() => refusal(() => alice.dependentToken(groupsScope)))).toEqual({
      dependent_token: retries + 1,
    })
    await globus.emulator.clearFaults()
    await alice.dependentToken(groupsScope)
    await failing('groups')
    expect(await globus.asked(() => refusal(() => alice.groups()))).toEqual({ groups: retries + 1 })
  })

  test('is not tried again where Globus may have acted on it, or has said no', async () => {
    const auth = globus.auth({ retries: 3 })
    const token = await globus.token('alice')
    const granted = await auth.grantDependentToken(token, groupsScope)
    expect(await globus.asked(() => refusal(() => auth.authenticate('Ag0unknown')))).toEqual({
      introspect: 1,
    })
    await failing('*')
    expect(await globus.asked(() => refusal(() => auth.grantDependentToken(token, groupsScope)))).toEqual({
      dependent_token: 1,
    })
    expect(await globus.asked(() => refusal(() => auth.refreshDependentToken(granted)))).toEqual({
      refresh_token: 1,
    })
    expect(await globus.asked(() => refusal(() => auth.ping()))).toEqual({ discovery: 1 })
  })

  /** An Auth, and for how long each of its calls but the first was put off, in milliseconds. */
  function watched(options: Partial<GlobusAuthOptions>): { auth: Auth; pauses: number[] } {
    const pauses: number[] = []
    let answered: number | undefined
    const auth = globus.auth({
      ...options,
      async fetch(...call) {
        if (answered !== undefined) pauses.push(performance.now() - answered)
        try {
          return await fetch(...call)
        } finally {
          answered = performance.now()
        }
      },
    })
    return { auth, pauses }
  }

  test('pauses in between, each time for longer', async () => {
    await failing('introspect')
    const chance = 0.9
    vi.spyOn(Math, 'random').mockReturnValue(chance)
    const { auth, pauses } = watched({ retries: 4 })
    await refusal(() => auth.authenticate('Ag0token'))
    expect(pauses).toHaveLength(4)
    // Timers count in whole milliseconds.
    for (const [retry, bound] of [100, 200, 400, 800].entries()) {
      expect(pauses[retry]).toBeGreaterThanOrEqual(bound * chance - 1)
    }
  })

  test('waits as long as it is told to, if that is a second or less', async () => {
    await failing('introspect', { status: 429, retry_after: 1 })
    const { auth, pauses } = watched({ retries: 1 })
    const asked = await globus.asked(() => refusal(() => auth.authenticate('Ag0token')))
    expect(asked).toEqual({ introspect: 2 })
    expect(pauses).toHaveLength(1)
    expect(pauses[0]).toBeGreaterThanOrEqual(999)
  })

  test('is given up when it is told to wait longer, and the caller is told the same', async () => {
    await failing('introspect', { status: 429, retry_after: 30 })
    const auth = globus.auth({ retries: 3 })
    let error: unknown
    const asked = await globus.asked(async () => {
      error = await refusal(() => auth.authenticate('Ag0token'))
    })
    expect(asked).toEqual({ introspect: 1 })
    expect(error).toBeInstanceOf(ServiceUnavailable)
    expect(error).toMatchObject({ headers: { 'retry-after': '30' } })
  })
})
