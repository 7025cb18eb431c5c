import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { groupURN, identityURN } from '../documents/principal.ts'
import { createAuthState } from './auth-state.ts'

const alice = identityURN('a11ce000-0000-4000-8000-000000000001')
const linked = identityURN('a11ce000-0000-4000-8000-000000000002')
const bob = identityURN('b0b00000-0000-4000-8000-000000000001')
const staff = groupURN('57aff000-0000-4000-8000-000000000001')
const others = groupURN('07e45000-0000-4000-8000-000000000001')

function setUp(options: { groupsAreKnown?: boolean } = {}) {
  let lookups = 0
  const groups = new Set([staff])
  const state = createAuthState(
    {
      effectiveIdentity: alice,
      username: 'alice@example.org',
      name: 'Alice',
      identities: new Set([alice, linked]),
      scopes: new Set(['scope']),
      expiresAt: 1,
      token: 'the-token',
    },
    {
      knownGroups: () => (options.groupsAreKnown ? groups : undefined),
      async groups() {
        lookups += 1
        return groups
      },
      dependentToken: () => Promise.reject(new Error('not asked for')),
    },
  )
  return { state, lookups: () => lookups }
}

describe('checkAuthorization', () => {
  test.each([
    ['public, where that counts', ['public', staff], { allowPublic: true }, true],
    ['public, where it does not', ['public'], {}, false],
    [
      'all_authenticated_users, where that counts',
      ['all_authenticated_users'],
      { allowAllAuthenticatedUsers: true },
      true,
    ],
    ['all_authenticated_users, where it does not', ['all_authenticated_users'], {}, false],
    ['the identity', [bob, alice], {}, true],
    ['a linked identity, even after a group', [staff, linked], {}, true],
    ['other identities', [bob], {}, false],
    ['nobody', [], {}, false],
  ])('answers at once and asks for no groups: %s', (_, allowed, options, expected) => {
    const { state, lookups } = setUp()
    expect(state.checkAuthorization(allowed, options)).toBe(expected)
    expect(lookups()).toBe(0)
  })

  test('looks groups up when only a group can decide', async () => {
    const { state, lookups } = setUp()
    expect(await state.checkAuthorization([bob, staff])).toBe(true)
    expect(await state.checkAuthorization([bob, others])).toBe(false)
    expect(lookups()).toBe(2)
  })

  test('answers at once when the groups are known', () => {
    const { state, lookups } = setUp({ groupsAreKnown: true })
    expect(state.checkAuthorization([staff])).toBe(true)
    expect(state.checkAuthorization([others])).toBe(false)
    expect(lookups()).toBe(0)
  })

  test('takes a list that can be read only once', async () => {
    const { state } = setUp()
    expect(await state.checkAuthorization([others, staff].values())).toBe(true)
  })

  test('allows exactly those who share a principal with the list', async () => {
    const { state } = setUp()
    const lists = fc.array(fc.constantFrom(alice, linked, bob, staff, others, 'public', 'nonsense'))
    await fc.assert(
      fc.asyncProperty(lists, async (allowed) => {
        const mine: string[] = [alice, linked, staff]
        expect(await state.checkAuthorization(allowed)).toBe(allowed.some((one) => mine.includes(one)))
      }),
    )
  })
})

describe('an AuthState', () => {
  test('has identities and groups as its principals', async () => {
    expect(await setUp().state.principals()).toEqual(new Set([alice, linked, staff]))
  })

  test('gives its token, and shows it nowhere else', () => {
    const { state } = setUp()
    expect(state.token).toBe('the-token')
    const shown = [
      inspect(state, { showHidden: true, depth: 9 }),
      JSON.stringify(state),
      JSON.stringify({ ...state }),
      Object.keys(state).join(),
    ]
    for (const text of shown) expect(text).not.toContain('the-token')
  })
})
