import { randomUUID } from 'node:crypto'
import type { ScopeTree } from '../scope-grammar.ts'
import type { Client, Scope, State } from './state.ts'

/** A scope of a request that is known here, with the further scopes it is to depend on. */
export type RequestedScope = { scope: Scope; optional: boolean; dependents: RequestedScope[] }

/** Scopes of a request that nobody has registered. */
export class UnknownScopes extends Error {
  readonly scopes: string[]

  constructor(scopes: string[]) {
    super(`no client has registered ${scopes.join(' ')}`)
    this.name = 'UnknownScopes'
    this.scopes = scopes
  }
}

export function findScope(state: State, scopeString: string): Scope | undefined {
  return [...state.scopes.values()].find((scope) => scope.scope_string === scopeString)
}

/**
 * Looks up every scope of a request.
 *
 * @throws UnknownScopes naming all that are not registered
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
  if (unknown.length > 0) throw new UnknownScopes(unknown)
  return requested
}

/** Registers a scope of `client`. What is left out gets Globus's defaults. */
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

/** How Globus Auth names a registered scope. */
export function scopeString(client: Client, suffix: string): string {
  return `https://auth.globus.org/scopes/${client.id}/${suffix}`
}
