import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consentsOf, grantConsent } from './consents.ts'
import { addIdentity } from './identities.ts'
import { registerClient, removeClient, removeScope } from './registration.ts'
import { expandScopes, findScope, resolveScopes } from './scopes.ts'
import { emptyState, type State } from './state.ts'

const services = ['a', 'b', 'c', 'd']

/** A state in which each service has a scope that depends on some of those before it. */
function stateWith(dependents: readonly (readonly number[])[]): State {
  const state = emptyState()
  addIdentity(state, { id: 'user', username: 'user@example.org' })
  for (const [index, name] of services.entries()) {
    const before = (dependents[index] ?? []).filter((other) => other < index)
    registerClient(state, {
      name,
      client_id: name,
      scopes: [{ suffix: 's', dependents: before.map((other) => scopeOf(services[other] ?? '')) }],
    })
  }
  return state
}

function scopeOf(client: string): string {
  return `https://auth.globus.org/scopes/${client}/s`
}

test('whatever is removed, each consent that stays names what exists', () => {
  const some = fc.subarray([0, 1, 2, 3])
  const removal = fc.record({ kind: fc.constantFrom('client', 'scope'), of: fc.constantFrom(...services) })
  fc.assert(
    fc.property(
      fc.array(some, { minLength: 4, maxLength: 4 }),
      fc.subarray(services, { minLength: 1 }),
      fc.array(removal, { minLength: 1, maxLength: 3 }),
      (dependents, asked, removals) => {
        const state = stateWith(dependents)
        for (const client of services) {
          const trees = asked.map((name) => ({ scope: scopeOf(name), optional: false, dependents: [] }))
          const scopes = expandScopes(state, resolveScopes(state, trees))
          grantConsent(state, { identity: 'user', client, scopes })
          grantConsent(state, { identity: client, client, scopes })
        }
        for (const { kind, of } of removals) {
          const client = state.clients.get(of)
          const scope = findScope(state, scopeOf(of))
          if (kind === 'client' && client) removeClient(state, client)
          if (kind === 'scope' && scope) removeScope(state, scope)
        }
        for (const consent of state.consents.values()) {
          expect(state.scopes.has(consent.scope)).toBe(true)
          expect(state.clients.has(consent.client)).toBe(true)
          expect(state.identities.has(consent.identity)).toBe(true)
          for (const id of consent.path) expect(state.consents.has(id)).toBe(true)
        }
      },
    ),
  )
})

test('consents to other scopes stay', () => {
  const state = stateWith([[], [0], [], []])
  const user = addIdentity(state, { id: 'other', username: 'other@example.org' })
  const trees = ['b', 'c'].map((name) => ({ scope: scopeOf(name), optional: false, dependents: [] }))
  const scopes = expandScopes(state, resolveScopes(state, trees))
  grantConsent(state, { identity: user.id, client: 'd', scopes })
  const kept = () => consentsOf(state, user).map(({ scope }) => state.scopes.get(scope)?.client)
  expect(kept()).toEqual(['b', 'a', 'c'])
  const scope = findScope(state, scopeOf('a'))
  if (scope) removeScope(state, scope)
  expect(kept()).toEqual(['b', 'c'])
})
