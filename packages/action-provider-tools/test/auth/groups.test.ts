import { groupsScope } from 'globus-emulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { AuthState } from '../../src/auth/auth.ts'
import { groupURN } from '../../src/documents/principal.ts'
import { ServiceUnavailable } from '../../src/errors.ts'
import { type EmulatedGlobus, emulateGlobus, refusal, serveInstead, times } from './emulated-globus.ts'

let globus: EmulatedGlobus
let scientists: string
let operators: string
beforeAll(async () => {
  globus = await emulateGlobus()
  const groups = await globus.emulator.groups()
  const urnOf = (name: string): string => groups.find((group) => group.name === name)?.urn ?? ''
  scientists = urnOf('Scientists')
  operators = urnOf('Operators')
})
afterEach(() => globus.calm())
afterAll(() => globus.close())

const call = async (username: string): Promise<AuthState> =>
  globus.auth().authenticate(await globus.token(username))

describe('groups', () => {
  test('are those in which any linked identity is an active member', async () => {
    expect(await (await call('alice')).groups()).toEqual(new Set([scientists, operators]))
    expect(await (await call('bob')).groups()).toEqual(new Set([scientists]))
    expect(await (await call('dave')).groups()).toEqual(new Set())
  })

  test('are principals beside the identities', async () => {
    const alice = await call('alice')
    expect(await alice.principals()).toEqual(new Set([...alice.identities, scientists, operators]))
  })

  test('are asked for only where a group is in the list, and nothing else in it decides', async () => {
    const bob = await call('bob')
    const carol = await globus.user('carol')
    const asked = await globus.asked(async () => {
      expect(await bob.checkAuthorization([])).toBe(false)
      expect(await bob.checkAuthorization([carol.urn])).toBe(false)
      expect(await bob.checkAuthorization([scientists, bob.effectiveIdentity])).toBe(true)
      expect(await bob.checkAuthorization([scientists, 'public'], { allowPublic: true })).toBe(true)
      const options = { allowAllAuthenticatedUsers: true }
      expect(await bob.checkAuthorization([scientists, 'all_authenticated_users'], options)).toBe(true)
    })
    expect(asked).toEqual({})
    const askedForGroups = await globus.asked(async () => {
      expect(await bob.checkAuthorization([carol.urn, scientists])).toBe(true)
    })
    expect(askedForGroups).toEqual({ dependent_token: 1, groups: 1 })
  })

  test('are asked for once by 50 requests at once, and remembered for five minutes', async () => {
    const auth = globus.auth()
    const token = await globus.token('bob')
    const bob = await auth.authenticate(token)
    const asked = await globus.asked(async () => {
      await Promise.all(times(50, () => bob.checkAuthorization([operators])))
      globus.pass(300_000)
      // Each half minute the caller is introspected anew, and the groups stay.
      const again = await auth.authenticate(token)
      expect(again.checkAuthorization([scientists])).toBe(true)
      expect(again.checkAuthorization([operators])).toBe(false)
    })
    expect(asked).toEqual({ introspect: 1, dependent_token: 1, groups: 1 })
    globus.pass(1)
    expect(await globus.asked(() => bob.checkAuthorization([operators]))).toEqual({ groups: 1 })
  })

  test('are none, and no error, where the caller has not consented to telling them', async () => {
    const token = await globus.emulator.issueToken({
      username: 'carol',
      scope: globus.scope,
      consents: false,
    })
    const carol = await globus.auth().authenticate(token)
    expect(await carol.checkAuthorization([operators])).toBe(false)
    expect(await globus.asked(() => carol.checkAuthorization([operators]))).toEqual({})
  })

  test('are none, and no error, where the scope has no Groups dependency', async () => {
    const token = await globus.token('carol', globus.otherScope)
    const carol = await globus.auth({ scope: globus.otherScope }).authenticate(token)
    expect(await carol.checkAuthorization([operators])).toBe(false)
  })

  test('come with a new Groups token when the remembered one was ended meanwhile', async () => {
    const bob = await call('bob')
    const { access_token } = await bob.dependentToken(groupsScope)
    await globus.emulator.revoke({ token: access_token })
    const asked = await globus.asked(async () => {
      expect(await bob.checkAuthorization([scientists])).toBe(true)
    })
    expect(asked).toEqual({ groups: 2, dependent_token: 1 })
  })

  test('are refused, with the caller, when both tokens have ended meanwhile', async () => {
    const bob = await call('bob')
    await bob.dependentToken(groupsScope)
    await globus.emulator.expire({ username: 'bob' })
    const asked = await globus.asked(async () => {
      expect(await refusal(() => bob.checkAuthorization([scientists]))).toMatchObject({ status: 401 })
    })
    expect(asked).toEqual({ groups: 1, dependent_token: 1, introspect: 1 })
  })

  test('are those of active members alone, whatever else Groups tells', async () => {
    const group = (...statuses: (string | undefined)[]) => ({
      id: crypto.randomUUID(),
      my_memberships: statuses.map((status) => ({ status })),
    })
    const [active, twice] = [group('active'), group('pending', 'active')]
    const told = [
      active,
      twice,
      group('pending'),
      group('invited'),
      group('removed'),
      group(undefined),
      group(),
    ]
    const server = await serveInstead((_request, response) => response.end(JSON.stringify(told)))
    const bob = await globus.auth({ groupsUrl: server.url }).authenticate(await globus.token('bob'))
    expect(await bob.groups()).toEqual(new Set([active.id, twice.id].map(groupURN)))
    await server.close()
  })

  test('are an outage, not an empty set, when Groups is down', async () => {
    const bob = await call('bob')
    await globus.emulator.setFault({ endpoint: 'groups', status: 500 })
    expect(await refusal(() => bob.checkAuthorization([groupURN(crypto.randomUUID())]))).toBeInstanceOf(
      ServiceUnavailable,
    )
    await globus.emulator.clearFaults()
    expect(await bob.checkAuthorization([scientists])).toBe(true)
  })

  test.each([401, 403])('are an outage when Groups refuses every token with %s', async (status) => {
    const bob = await call('bob')
    await globus.emulator.setFault({ endpoint: 'groups', status })
    const asked = await globus.asked(async () => {
      expect(await refusal(() => bob.groups())).toBeInstanceOf(ServiceUnavailable)
    })
    expect(asked).toEqual({ dependent_token: 1, groups: 1 })
  })
})
