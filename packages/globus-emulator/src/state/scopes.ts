import { randomUUID } from 'node:crypto'
import type { ScopeTree } from './scope-grammar.ts'
import type { Client, Scope, State } from './state.ts'

/** A registered scope that a request asks for, with the dependents it asks for. */
export type RequestedScope = { scope: Scope; optional: boolean; dependents: RequestedScope[] }

export function findScope(state: State, scopeString: string): Scope | undefined {
  return [...state.scopes.values()].find((scope) => scope.scope_string === scopeString)
}

/**
 * Looks up every scope of a request.
 *
 * @throws Error that names all that are not registered
 */
export function resolveScopes(state: State, trees: readonly ScopeTree[]): RequestedScope[] {
  const unknown: string[] = []
  const resolve = (list: readonly ScopeTree[]): RequestedScope[] =>
    list.flatMap(({ scope: scopeString, optional, dependents }) => {
      const scope = findScope(state, scopeString)
      const below = resolve(dependents)
      if (scope) return [{ scope, optional, dependents: below }]
      unknown.push(scopeString)
      return []
    })
  const requested = resolve(trees)
  if (unknown.length > 0) throw new Error(`no client has registered ${unknown.join(' ')}`)
  return requested
}

/**
 * The scopes with all that consent to them covers: the dependents asked for, and the required ones
 * registered.
 */
export function expandScopes(
  state: State,
  requested: readonly RequestedScope[],
  above: readonly Scope[] = [],
): RequestedScope[] {
  return requested.map(({ scope, optional, dependents }) => {
    const path = [...above, scope]
    const registered = scope.dependent_scopes.flatMap((dependent): RequestedScope[] => {
      const needed = state.scopes.get(dependent.scope)
      return needed && !dependent.optional ? [{ scope: needed, optional: false, dependents: [] }] : []
    })
    const asked = dependents.map((dependent) => ({
      ...dependent,
      optional: dependent.optional && !registered.some((needed) => needed.scope === dependent.scope),
    }))
    const added = registered.filter((needed) => !asked.some((dependent) => dependent.scope === needed.scope))
    // Scopes that depend on each other would never end.
    const below = [...asked, ...added].filter((dependent) => !path.includes(dependent.scope))
    return { scope, optional, dependents: expandScopes(state, below, path) }
  })
}

/** Adds a scope of `client`. Fields that are left out get the defaults of Globus. */
export function addScope(
  state: State,
  client: Client,
  given: Partial<Scope> & Pick<Scope, 'name' | 'scope_string'>,
): Scope {
  const scope = {
    id: randomUUID(),
    client: client.id,
    description: given.name,
    advertised: false,
    allows_refresh_token: true,
    required_domains: [],
    dependent_scopes: [],
    ...given,
  }
  state.scopes.set(scope.id, scope)
  return scope
}

/** The scope string that Globus Auth gives to a scope that a client registers. */
export function scopeString(client: Client, suffix: string): string {
  return `https://auth.globus.org/scopes/${client.id}/${suffix}`
}
