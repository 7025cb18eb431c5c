import fc from 'fast-check'
import { groupsScope } from 'globus-emulator'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Auth, DependentToken } from '../../src/auth/auth.ts'
import { identityURN } from '../../src/documents/principal.ts'
import { ActionProviderToolsError, ConsentRequired, InvalidDefinition } from '../../src/errors.ts'
import { type FakeAuth, type FakeCaller, fakeAuth, fakeGroup, fakeIdentity } from '../../src/testing/index.ts'
import { type EmulatedGlobus, emulateGlobus, refusal, transferScope } from './emulated-globus.ts'

let globus: EmulatedGlobus
let scientists: string
beforeAll(async () => {
  globus = await emulateGlobus()
  scientists = (await globus.emulator.groups()).find(({ name }) => name === 'Scientists')?.urn ?? ''
})
afterEach(() => vi.unstubAllEnvs())
afterAll(() => globus.close())

/** What is the same for two Auths when they behave alike. */
type Outcome = { ok: unknown } | { status: number; code: string; description: string; headers: object }

async function outcomeOf(work: () => unknown): Promise<Outcome> {
  try {
    return { ok: await work() }
  } catch (error) {
    if (!(error instanceof ActionProviderToolsError)) throw error
    const { 'retry-after': _, ...headers } = error.headers
    return { status: error.status, code: error.code, description: error.message, headers }
  }
}

/** One world that things happen in: Globus, emulated or made up, with an Auth that asks it. */
type World = {
  auth: Auth
  /** Issues a token; the first is number 0. */
  issue(username: string, scope: string): Promise<void>
  /** The token with this number, or one that nobody issued. */
  token(number: number): string
  revoke(number: number): Promise<void>
  expire(username: string): Promise<void>
  consent(username: string): Promise<void>
  rescind(username: string): Promise<void>
  outage(isOut: boolean): Promise<void>
  grants: DependentToken[]
}

async function emulatedWorld(): Promise<World> {
  const { emulator, scope } = globus
  await emulator.reset()
  const tokens: string[] = []
  return {
    auth: globus.auth(),
    async issue(username, wanted) {
      tokens.push(await globus.token(username, wanted))
    },
    token: (number) => tokens[number] ?? 'nobody-issued-this',
    revoke: (number) => emulator.revoke({ token: tokens[number] ?? '' }),
    expire: (username) => emulator.expire({ username }),
    consent: (username) => emulator.consent({ username, scope: `${scope}[*${transferScope}]` }),
    rescind: (username) => emulator.rescind({ username, scope: transferScope }),
    async outage(isOut) {
      await emulator.clearFaults()
      if (isOut) await emulator.setFault({ endpoint: '*', status: 500 })
    },
    grants: [],
  }
}

async function madeUpWorld(): Promise<World> {
  const auth: FakeAuth = fakeAuth({ scope: globus.scope })
  const callers: { username: string; caller: FakeCaller }[] = []
  /** Somebody, with a token that nobody uses: consents are a person's, with and without a token. */
  const person = async (username: string): Promise<FakeCaller> =>
    auth.caller({ username: (await globus.user(username)).urn })
  return {
    auth,
    async issue(username, wanted) {
      const { urn, identity_set } = await globus.user(username)
      const caller = auth.caller({
        username: urn,
        identities: identity_set.map(identityURN),
        groups: username === 'carol' ? [] : [scientists],
        scopes: [wanted],
      })
      callers.push({ username, caller })
    },
    token: (number) => callers[number]?.caller.token ?? 'nobody-issued-this',
    async revoke(number) {
      const { caller } = callers[number] ?? {}
      if (caller) auth.revoke(caller)
    },
    async expire(username) {
      for (const other of callers) if (other.username === username) auth.expire(other.caller)
    },
    async consent(username) {
      auth.consent(await person(username), transferScope)
    },
    async rescind(username) {
      auth.rescind(await person(username), transferScope)
    },
    async outage(isOut) {
      auth.outage(isOut)
    },
    grants: [],
  }
}

type Event =
  | { what: 'issue'; username: string; own: boolean }
  | { what: 'revoke' | 'authenticate' | 'group' | 'dependent' | 'grant'; token: number }
  | { what: 'refresh'; grant: number }
  | { what: 'expire' | 'consent' | 'rescind'; username: string }
  | { what: 'outage'; isOut: boolean }

async function happen(world: World, event: Event): Promise<unknown> {
  const { auth } = world
  const authenticate = async (token: number) => auth.authenticate(world.token(token))
  switch (event.what) {
    case 'issue':
      return world.issue(event.username, event.own ? globus.scope : globus.otherScope)
    case 'revoke':
      return world.revoke(event.token)
    case 'expire':
    case 'consent':
    case 'rescind':
      return world[event.what](event.username)
    case 'outage':
      return world.outage(event.isOut)
    case 'authenticate': {
      const token = world.token(event.token)
      const { effectiveIdentity, identities, scopes } = await auth.authenticate(token, [globus.otherScope])
      return { effectiveIdentity, identities, scopes }
    }
    case 'group':
      return (await authenticate(event.token)).checkAuthorization([scientists])
    case 'dependent':
      return (await (await authenticate(event.token)).dependentToken(transferScope)).scope
    case 'grant': {
      await authenticate(event.token)
      const granted = await auth.grantDependentToken(world.token(event.token), transferScope)
      world.grants.push(granted)
      return [granted.scope, typeof granted.refresh_token]
    }
    case 'refresh': {
      const granted = world.grants[event.grant]
      return granted && (await auth.refreshDependentToken(granted)).scope
    }
  }
}

const token = fc.nat({ max: 3 })
const username = fc.constantFrom('bob', 'carol')
const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ what: fc.constant('issue'), username, own: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('revoke'), token }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('expire', 'rescind'), username }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('consent'), username }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('outage'), isOut: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constantFrom('authenticate', 'group', 'dependent', 'grant'), token }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('refresh'), grant: fc.nat({ max: 1 }) }) },
)

/** One script that comes upon every kind of outcome. The callers are Bob with token 0 and Carol with token 1. */
const everyOutcome: Event[] = [
  { what: 'issue', username: 'carol', own: false },
  { what: 'group', token: 0 },
  { what: 'group', token: 1 },
  { what: 'dependent', token: 0 },
  { what: 'consent', username: 'bob' },
  { what: 'dependent', token: 0 },
  { what: 'grant', token: 0 },
  { what: 'outage', isOut: true },
  { what: 'authenticate', token: 0 },
  { what: 'refresh', grant: 0 },
  { what: 'outage', isOut: false },
  { what: 'refresh', grant: 0 },
  { what: 'rescind', username: 'bob' },
  { what: 'grant', token: 0 },
  { what: 'consent', username: 'bob' },
  { what: 'refresh', grant: 0 },
  { what: 'grant', token: 0 },
  { what: 'expire', username: 'bob' },
  { what: 'authenticate', token: 0 },
  { what: 'refresh', grant: 1 },
]

describe('fakeAuth', () => {
  test('admits and refuses as globusAuth does, whatever happens before', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(events, { minLength: 5, maxLength: 25 }), async (script) => {
        const worlds = [await emulatedWorld(), await madeUpWorld()] as const
        const issued: Event = { what: 'issue', username: 'bob', own: true }
        for (const event of [issued, ...script]) {
          const [real, fake] = [
            await outcomeOf(() => happen(worlds[0], event)),
            await outcomeOf(() => happen(worlds[1], event)),
          ]
          expect([event, fake]).toEqual([event, real])
          seen.add(`${event.what} ${'ok' in real ? 'ok' : real.code}`)
          // What globusAuth remembers ends, so that both tell what is so now.
          globus.pass(300_001)
        }
        await worlds[0].outage(false)
      }),
      { numRuns: 25, examples: [[everyOutcome]] },
    )
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'authenticate ServiceUnavailable',
        'authenticate UnauthorizedRequest',
        'group ok',
        'group ForbiddenRequest',
        'dependent ok',
        'dependent ConsentRequired',
        'grant ok',
        'grant ConsentRequired',
        'refresh ok',
        'refresh ServiceUnavailable',
        'refresh UnauthorizedRequest',
      ]),
    )
  })

  test('gives the same refusals for what can be no token', async () => {
    for (const malformed of ['', 'two words', 'x'.repeat(3000)]) {
      for (const work of [
        (auth: Auth) => auth.authenticate(malformed),
        (auth: Auth) => auth.grantDependentToken(malformed, groupsScope),
      ]) {
        expect(await outcomeOf(() => work(fakeAuth()))).toEqual(await outcomeOf(() => work(globus.auth())))
      }
    }
  })

  test('refuses to work where NODE_ENV is production', () => {
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => fakeAuth()).toThrow(InvalidDefinition)
    vi.stubEnv('NODE_ENV', 'development')
    expect(() => fakeAuth()).not.toThrow()
  })

  test('makes the same person of the same name, each time with another token', async () => {
    const [first, second] = [fakeAuth(), fakeAuth()]
    const alice = first.caller({ username: 'alice', groups: ['staff'] })
    expect(second.caller({ username: 'alice' }).urn).toBe(alice.urn)
    expect(alice.urn).toBe(fakeIdentity('alice'))
    expect(alice.groups).toEqual([fakeGroup('staff')])
    expect(first.caller({ username: 'alice' }).token).not.toBe(alice.token)
    expect(first.caller({ username: 'bob' }).urn).not.toBe(alice.urn)
    expect(await refusal(() => second.authenticate(alice.token))).toMatchObject({ status: 401 })
  })

  test('knows a consent as the person’s, with whichever of their tokens they call', async () => {
    const auth = fakeAuth()
    const [first, second] = [auth.caller({ username: 'alice' }), auth.caller({ username: 'alice' })]
    auth.consent(first, transferScope)
    await (await auth.authenticate(second.token)).dependentToken(transferScope)
    const bob = await auth.authenticate(auth.caller({ username: 'bob' }).token)
    expect(await refusal(() => bob.dependentToken(transferScope))).toBeInstanceOf(ConsentRequired)
  })

  test('ends a token when its time has come', async () => {
    let time = 1_000
    const auth = fakeAuth({ clock: () => time })
    const { token } = auth.caller({ username: 'alice', expiresAt: 2_000 })
    expect((await auth.authenticate(token)).expiresAt).toBe(2_000)
    time = 2_000
    expect(await refusal(() => auth.authenticate(token))).toMatchObject({ status: 401 })
  })

  test('tells its caller, its header and its scopes as they are sent', async () => {
    const auth = fakeAuth()
    const caller = auth.caller({
      username: 'alice smith@example.org',
      identities: ['alice@lab'],
      scopes: ['s'],
    })
    expect(caller.authorization).toBe(`Bearer ${caller.token}`)
    const state = await auth.authenticate(caller.token, ['s'])
    expect(state.identities).toEqual(new Set([caller.urn, fakeIdentity('alice@lab')]))
    expect(await refusal(() => auth.authenticate(caller.token))).toMatchObject({ status: 403 })
  })
})
