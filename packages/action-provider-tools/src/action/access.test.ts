import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AuthState } from '../auth/auth.ts'
import { createAuthState } from '../auth/auth-state.ts'
import { ALL_AUTHENTICATED_USERS, groupURN, identityURN, PUBLIC, ROLES } from '../documents/principal.ts'
import { ActionNotFound, ForbiddenRequest, ServiceUnavailable } from '../errors.ts'
import {
  authorizeAccess,
  authorizeListed,
  authorizeManagement,
  hasRole,
  isPublic,
  refuseMissing,
} from './access.ts'

const IDENTITIES = [1, 2, 3].map((n) => identityURN(`a11ce000-0000-4000-8000-00000000000${n}`))
const GROUPS = [1, 2, 3].map((n) => groupURN(`57aff000-0000-4000-8000-00000000000${n}`))
const [me = '', other = ''] = IDENTITIES
const [myGroup = ''] = GROUPS

/** Someone who calls, and how their groups are found out. */
type Someone = { identities: string[]; groups: string[]; lookup: 'known' | 'asked' | 'away' }

function call({ identities, groups, lookup }: Someone): { auth: AuthState; lookups: () => number } {
  let lookups = 0
  const auth = createAuthState(
    {
      effectiveIdentity: identities[0] ?? '',
      username: undefined,
      name: undefined,
      identities: new Set(identities),
      scopes: new Set(),
      expiresAt: 1,
      token: 'the-token',
    },
    {
      knownGroups: () => (lookup === 'known' ? new Set(groups) : undefined),
      async groups() {
        lookups++
        if (lookup === 'away') throw new ServiceUnavailable('away')
        return new Set(groups)
      },
      dependentToken: () => Promise.reject(new Error('not asked for')),
    },
  )
  return { auth, lookups: () => lookups }
}

/** What a check comes to: `undefined` where it lets pass, or the error. */
async function outcome(check: () => Promise<unknown> | unknown): Promise<unknown> {
  try {
    await check()
    return undefined
  } catch (error) {
    return error
  }
}

const lookup = fc.constantFrom('known', 'asked')
const someone = fc.record({
  identities: fc.subarray(IDENTITIES, { minLength: 1 }),
  groups: fc.subarray(GROUPS),
  lookup,
}) as fc.Arbitrary<Someone>
const list = fc.subarray([...IDENTITIES, ...GROUPS, ALL_AUTHENTICATED_USERS, PUBLIC])
const action = fc.record(
  { creator_id: fc.constantFrom(...IDENTITIES), monitor_by: list, manage_by: list },
  { requiredKeys: ['creator_id'] },
)

/** Whether a list names someone: themselves, a group of theirs, or everybody with a token. */
const names = (principals: readonly string[] = [], { identities, groups }: Someone): boolean =>
  principals.some((each) => [...identities, ...groups, ALL_AUTHENTICATED_USERS].includes(each))

describe('an action', () => {
  test.each([
    ['seen', 'monitor_by', authorizeAccess],
    ['managed', 'manage_by', authorizeManagement],
  ] as const)('may be %s by its creator and by whom %s names, and by nobody else', async (_, role, check) => {
    await fc.assert(
      fc.asyncProperty(someone, action, async (who, lists) => {
        const may = who.identities.includes(lists.creator_id) || names(lists[role], who)
        const refused = await outcome(() => check(call(who).auth, lists))
        if (may) expect(refused).toBeUndefined()
        else expect(refused).toBeInstanceOf(ActionNotFound)
      }),
    )
  })

  test('is refused as one that is not there is: with the same error, after as many questions', async () => {
    const anyLookup = fc.constantFrom('known', 'asked', 'away') as fc.Arbitrary<Someone['lookup']>
    await fc.assert(
      fc.asyncProperty(someone, action, anyLookup, async (each, lists, lookup) => {
        const who = { ...each, lookup }
        const there = call(who)
        const refused = await outcome(() => authorizeAccess(there.auth, lists))
        fc.pre(refused !== undefined)
        const nowhere = call(who)
        expect(await outcome(() => refuseMissing(nowhere.auth))).toEqual(refused)
        expect(nowhere.lookups()).toBe(there.lookups())
      }),
    )
  })

  test('is its creator’s without asking for groups, also while they cannot be asked for', () => {
    const { auth, lookups } = call({ identities: [other, me], groups: [], lookup: 'away' })
    expect(authorizeAccess(auth, { creator_id: me, monitor_by: [myGroup] })).toBeUndefined()
    expect(authorizeManagement(auth, { creator_id: me, manage_by: [myGroup] })).toBeUndefined()
    expect(lookups()).toBe(0)
  })

  test('that is not there is refused, whoever asks', async () => {
    await fc.assert(
      fc.asyncProperty(someone, async (who) => {
        expect(await outcome(() => refuseMissing(call(who).auth))).toBeInstanceOf(ActionNotFound)
      }),
    )
  })

  test('stands in the list of a role for those to whom it gives that role', async () => {
    const roles = fc.subarray([...ROLES]).map((some) => new Set(some))
    await fc.assert(
      fc.asyncProperty(someone, action, roles, async (who, lists, asked) => {
        const status = { action_id: 'any', status: 'ACTIVE', details: {}, ...lists } as const
        const expected =
          (asked.has('creator_id') && who.identities.includes(lists.creator_id)) ||
          (asked.has('monitor_by') && names(lists.monitor_by, who)) ||
          (asked.has('manage_by') && names(lists.manage_by, who))
        expect(await hasRole(call(who).auth, status, asked)).toBe(expected)
      }),
    )
  })
})

describe('a provider', () => {
  test('is open to whom its list names, and to everybody where that is public', async () => {
    await fc.assert(
      fc.asyncProperty(
        someone,
        list,
        fc.constantFrom('visible_to' as const, 'runnable_by' as const),
        async (who, allowed, which) => {
          const refused = await outcome(() => authorizeListed(call(who).auth, which, allowed))
          if (allowed.includes(PUBLIC) || names(allowed, who)) expect(refused).toBeUndefined()
          else {
            expect(refused).toBeInstanceOf(ForbiddenRequest)
            expect((refused as Error).message).toContain(which)
          }
        },
      ),
    )
  })

  test('answers nobody in particular only where it is public', () => {
    fc.assert(
      fc.property(list, (allowed) => {
        expect(isPublic(allowed)).toBe(allowed.includes(PUBLIC))
      }),
    )
  })
})
