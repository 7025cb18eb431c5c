import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { AuthState } from '../../src/auth/auth.ts'
import type { AuthCallEvent } from '../../src/auth/service.ts'
import { identityURN } from '../../src/documents/principal.ts'
import { ForbiddenRequest, UnauthorizedRequest } from '../../src/errors.ts'
import { type EmulatedGlobus, emulateGlobus, refusal, times, transferScope } from './emulated-globus.ts'

let globus: EmulatedGlobus
beforeAll(async () => {
  globus = await emulateGlobus()
})
afterEach(() => globus.calm())
afterAll(() => globus.close())

describe('a caller', () => {
  test('is who Globus Auth says, with all linked identities', async () => {
    const alice = await globus.user('alice')
    const token = await globus.token('alice')
    const caller = await globus.auth().authenticate(token)
    expect(caller.effectiveIdentity).toBe(alice.urn)
    expect(caller.username).toBe(alice.username)
    expect(caller.name).toBe(alice.name)
    expect(caller.identities).toEqual(new Set(alice.identity_set.map(identityURN)))
    expect(caller.identities.size).toBeGreaterThan(1)
    expect(caller.scopes).toEqual(new Set([globus.scope]))
    expect(caller.token).toBe(token)
    expect(caller.expiresAt).toBeGreaterThan(Date.now())
  })

  test('needs the scope, or any one of the additional ones', async () => {
    const auth = globus.auth()
    const token = await globus.token('alice', globus.otherScope)
    const error = await refusal(() => auth.authenticate(token))
    expect(error).toBeInstanceOf(ForbiddenRequest)
    expect(error).toMatchObject({
      headers: { 'www-authenticate': expect.stringContaining('error="insufficient_scope"') },
    })
    expect(await refusal(() => auth.authenticate(token, ['unknown']))).toBeInstanceOf(ForbiddenRequest)
    const caller = await auth.authenticate(token, ['unknown', globus.otherScope])
    expect(caller.effectiveIdentity).toBe((await globus.user('alice')).urn)
  })
})

describe('a token is refused', () => {
  const cases: Record<string, () => Promise<string>> = {
    'unknown to Globus Auth': async () => 'Ag0unknown',
    revoked: async () => {
      const token = await globus.token('bob')
      await globus.emulator.revoke({ token })
      return token
    },
    expired: async () => {
      const token = await globus.token('bob')
      await globus.emulator.expire({ username: 'bob' })
      return token
    },
    'of a consent that was rescinded': async () => {
      const token = await globus.token('bob')
      await globus.emulator.rescind({ username: 'bob' })
      return token
    },
    'for another service': () => globus.token('bob', transferScope),
    'a refresh token': async () => {
      const order = { username: 'bob', scope: globus.scope, access_type: 'offline' } as const
      const [document] = await globus.emulator.issueTokens(order)
      if (document?.refresh_token === undefined) throw new Error('The emulator gave no refresh token')
      return document.refresh_token
    },
  }
  test.each(Object.keys(cases))('that is %s', async (kind) => {
    const token = (await cases[kind]?.()) ?? ''
    const auth = globus.auth()
    const error = await refusal(() => auth.authenticate(token))
    expect(error).toBeInstanceOf(UnauthorizedRequest)
    expect(error).toMatchObject({
      headers: { 'www-authenticate': expect.stringContaining('error="invalid_token"') },
    })
  })

  test('that is malformed, without asking Globus Auth', async () => {
    const auth = globus.auth()
    const asked = await globus.asked(async () => {
      for (const token of ['', 'a b', 'x'.repeat(2049), 'a\nb']) {
        expect(await refusal(() => auth.authenticate(token))).toBeInstanceOf(UnauthorizedRequest)
      }
    })
    expect(asked).toEqual({})
  })
})

describe('what is remembered of a token', () => {
  test('50 requests at once with one new token make one introspection', async () => {
    const auth = globus.auth()
    const token = await globus.token('alice')
    let callers: AuthState[] = []
    const asked = await globus.asked(async () => {
      callers = await Promise.all(times(50, () => auth.authenticate(token)))
    })
    expect(asked).toEqual({ introspect: 1 })
    expect(new Set(callers).size).toBe(1)
  })

  test('50 requests at once with one bad token make one introspection, and the refusal is remembered', async () => {
    const auth = globus.auth()
    const asked = await globus.asked(async () => {
      await Promise.all(times(50, () => refusal(() => auth.authenticate('Ag0made-up'))))
      await refusal(() => auth.authenticate('Ag0made-up'))
      globus.pass(30_000)
      expect(await refusal(() => auth.authenticate('Ag0made-up'))).toBeInstanceOf(UnauthorizedRequest)
    })
    expect(asked).toEqual({ introspect: 1 })
    globus.pass(1)
    expect(await globus.asked(() => refusal(() => auth.authenticate('Ag0made-up')))).toEqual({
      introspect: 1,
    })
  })

  test('a known caller is there at once, without a promise, for 30 seconds and no longer', async () => {
    const auth = globus.auth()
    const token = await globus.token('alice')
    const caller = await auth.authenticate(token)
    globus.pass(30_000)
    expect(await globus.asked(() => expect(auth.authenticate(token)).toBe(caller))).toEqual({})
    globus.pass(1)
    expect(await globus.asked(() => auth.authenticate(token))).toEqual({ introspect: 1 })
  })

  test('a revoked token is good until its entry ends, at most 30 seconds', async () => {
    const auth = globus.auth()
    const token = await globus.token('alice')
    await auth.authenticate(token)
    await globus.emulator.revoke({ token })
    await auth.authenticate(token)
    globus.pass(30_001)
    expect(await refusal(() => auth.authenticate(token))).toBeInstanceOf(UnauthorizedRequest)
  })

  test('the end of a token counts before that of its entry', async () => {
    const auth = globus.auth()
    const token = await globus.emulator.issueToken({
      username: 'alice',
      scope: globus.scope,
      expires_in: 10,
    })
    const { expiresAt } = await auth.authenticate(token)
    const left = expiresAt - Date.now()
    globus.turnClock(left)
    const asked = await globus.asked(async () => {
      expect(await refusal(() => auth.authenticate(token))).toBeInstanceOf(UnauthorizedRequest)
    })
    expect(asked).toEqual({})
  })

  test('the clock on the wall ends no entry and keeps none, forwards or back', async () => {
    const auth = globus.auth()
    const token = await globus.token('alice')
    await auth.authenticate(token)
    for (const jump of [3_600_000, -7_200_000]) {
      globus.turnClock(jump)
      expect(await globus.asked(() => auth.authenticate(token))).toEqual({})
    }
    globus.pass(30_001)
    expect(await globus.asked(() => auth.authenticate(token))).toEqual({ introspect: 1 })
  })

  test('an Auth remembers for itself alone, so one provider never knows the callers of another', async () => {
    const token = await globus.token('alice')
    await globus.auth().authenticate(token)
    expect(await globus.asked(() => globus.auth().authenticate(token))).toEqual({ introspect: 1 })
  })

  test('a closed Auth has forgotten everybody', async () => {
    const auth = globus.auth()
    const token = await globus.token('alice')
    await auth.authenticate(token)
    await auth.close()
    expect(await refusal(() => auth.authenticate(token))).toMatchObject({ code: 'ServiceUnavailable' })
  })
})

test('each call and each answer from a cache is told, and names nobody', async () => {
  const events: AuthCallEvent[] = []
  const auth = globus.auth({ onCall: (event) => events.push(event) })
  const token = await globus.token('alice')
  await auth.authenticate(token)
  await auth.authenticate(token)
  await refusal(() => auth.authenticate('Ag0nobody'))
  await refusal(() => auth.authenticate('Ag0nobody'))
  expect(events.map(({ service, call, outcome, cache }) => [service, call, outcome, cache])).toEqual([
    ['auth', 'introspect', 'ok', 'miss'],
    ['auth', 'introspect', 'ok', 'hit'],
    ['auth', 'introspect', 'ok', 'miss'],
    ['auth', 'introspect', 'refused', 'hit'],
  ])
  expect(events.every(({ durationMs }) => durationMs >= 0)).toBe(true)
  expect(new Set(events.flatMap((event) => Object.keys(event)))).toEqual(
    new Set(['service', 'call', 'outcome', 'durationMs', 'cache']),
  )
})
