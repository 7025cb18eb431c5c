import type { RequestedScope } from './scopes.ts'
import { type Consent, type Identity, type Scope, type State, timestamp } from './state.ts'

type Grant = {
  identity: string
  /** The client that may use the scopes. */
  client: string
  scopes: readonly RequestedScope[]
  /** Whether refresh tokens were asked for. */
  offline?: boolean
  /** Leave out what the scopes depend on by registration. */
  withoutDependents?: boolean
  /** Nobody was asked: a client that acts as itself. */
  autoApproved?: boolean
}

/**
 * Records that an identity allows a client these scopes, with everything they depend on: what was asked for in
 * the request, and what each scope's registration says it needs.
 *
 * @returns the consents at the top, one for each scope, in order
 */
export function grantConsent(state: State, grant: Grant): Consent[] {
  return grant.scopes.map((requested) => grantBelow(state, grant, requested, undefined, []))
}

/** The consent of `identity` to `client` using `scope` below `parent` (or at the top). */
export function findConsent(
  state: State,
  wanted: { identity: string; client: string; scope: string; parent: Consent | undefined },
): Consent | undefined {
  return [...state.consents.values()].find(
    (consent) =>
      consent.identity === wanted.identity &&
      consent.client === wanted.client &&
      consent.scope === wanted.scope &&
      parentOf(consent) === wanted.parent?.id,
  )
}

/** What was allowed directly below this consent: the scopes that a dependent token grant gives tokens for. */
export function consentsBelow(state: State, parent: Consent): Consent[] {
  return [...state.consents.values()].filter((consent) => parentOf(consent) === parent.id)
}

/** All of an identity's consents, in the order given. */
export function consentsOf(state: State, identity: Identity): Consent[] {
  return [...state.consents.values()].filter((consent) => consent.identity === identity.id)
}

/**
 * Takes a consent back, with all below it. One that cannot be taken back by itself (it is not
 * `atomically_revocable`) takes the one above with it: that one cannot do without it.
 */
export function rescindConsent(state: State, consent: Consent): void {
  const above = consent.path.map((id) => state.consents.get(id)).filter((node) => node !== undefined)
  const root = above.findLast((node) => node.atomically_revocable) ?? above[0] ?? consent
  for (const node of state.consents.values()) {
    if (node.path.includes(root.id)) state.consents.delete(node.id)
  }
}

/** Everything these scopes come to when consented: each with its dependents, asked for and registered. */
export function expandScope(state: State, { scope, optional, dependents }: RequestedScope): RequestedScope {
  const registered = scope.dependent_scopes.flatMap((dependent): RequestedScope[] => {
    const needed = state.scopes.get(dependent.scope)
    return needed && !dependent.optional ? [{ scope: needed, optional: false, dependents: [] }] : []
  })
  const merged = [...dependents]
  for (const needed of registered) {
    const asked = merged.findIndex((other) => other.scope.id === needed.scope.id)
    const before = merged[asked]
    if (before) merged[asked] = { ...before, optional: false }
    else merged.push(needed)
  }
  return { scope, optional, dependents: merged }
}

function grantBelow(
  state: State,
  grant: Grant,
  requested: RequestedScope,
  parent: Consent | undefined,
  above: readonly Scope[],
): Consent {
  const { scope, optional, dependents } = grant.withoutDependents ? requested : expandScope(state, requested)
  // Below the top, the client that uses a scope is the service the scope above belongs to.
  const client = above.at(-1)?.client ?? grant.client
  const found = findConsent(state, { identity: grant.identity, client, scope: scope.id, parent })
  const consent = found ?? addConsent(state, grant, { client, scope: scope.id, parent, optional })
  consent.updated = timestamp()
  consent.allows_refresh ||= grant.offline ?? false
  consent.atomically_revocable &&= optional
  for (const dependent of dependents) {
    // Two scopes that depend on each other would go on for ever.
    if (above.includes(dependent.scope) || dependent.scope === scope) continue
    grantBelow(state, grant, dependent, consent, [...above, scope])
  }
  return consent
}

function addConsent(
  state: State,
  grant: Grant,
  node: { client: string; scope: string; parent: Consent | undefined; optional: boolean },
): Consent {
  state.lastConsent += 1
  const id = state.lastConsent
  const consent: Consent = {
    id,
    identity: grant.identity,
    client: node.client,
    scope: node.scope,
    path: [...(node.parent?.path ?? []), id],
    atomically_revocable: node.optional,
    allows_refresh: grant.offline ?? false,
    auto_approved: grant.autoApproved ?? false,
    created: timestamp(),
    updated: timestamp(),
    last_used: null,
  }
  state.consents.set(id, consent)
  return consent
}

function parentOf(consent: Consent): number | undefined {
  return consent.path.at(-2)
}
