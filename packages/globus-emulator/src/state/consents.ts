import type { RequestedScope } from './scopes.ts'
import { type Consent, type Identity, type Scope, type State, timestamp } from './state.ts'

type Grant = {
  identity: string
  /** The client that may use the scopes. */
  client: string
  scopes: readonly RequestedScope[]
  /** Whether refresh tokens were asked for. */
  offline?: boolean
  /** Nobody was asked: a client that acts as itself. */
  autoApproved?: boolean
  label?: string
}

/**
 * Records that an identity allows a client these scopes and those below them. {@link expandScopes} says what the
 * scopes need besides what was asked for.
 *
 * @returns the consents at the top, one for each scope, in order
 */
export function grantConsent(state: State, grant: Grant): Consent[] {
  return grant.scopes.map((requested) => grantBelow(state, grant, requested, undefined))
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

/** All that an identity allows a client directly. */
export function consentsToClient(
  state: State,
  { identity, client }: { identity: string; client: string },
): Consent[] {
  return [...state.consents.values()].filter(
    (consent) =>
      consent.identity === identity && consent.client === client && parentOf(consent) === undefined,
  )
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

/** Everything these scopes come to when consented: with what was asked for and what their registrations need. */
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
    // Two scopes that depend on each other would go on for ever.
    const below = [...asked, ...added].filter((dependent) => !path.includes(dependent.scope))
    return { scope, optional, dependents: expandScopes(state, below, path) }
  })
}

/** The part of these scopes that is not consented to yet: each that misses something, with what it misses. */
export function missingConsents(
  state: State,
  wanted: { identity: string; client: string; offline: boolean },
  requested: readonly RequestedScope[],
  parent?: Consent,
): RequestedScope[] {
  return requested.flatMap(({ scope, optional, dependents }) => {
    const consent = findConsent(state, { ...wanted, scope: scope.id, parent })
    if (!consent || (wanted.offline && !parent && !consent.allows_refresh))
      return [{ scope, optional, dependents }]
    const below = missingConsents(state, { ...wanted, client: scope.client }, dependents, consent)
    return below.length > 0 ? [{ scope, optional, dependents: below }] : []
  })
}

function grantBelow(
  state: State,
  grant: Grant,
  { scope, optional, dependents }: RequestedScope,
  parent: Consent | undefined,
): Consent {
  const place = { identity: grant.identity, client: grant.client, scope: scope.id, parent }
  const consent = findConsent(state, place) ?? addConsent(state, grant, { scope: scope.id, parent, optional })
  consent.updated = timestamp()
  consent.allows_refresh ||= grant.offline ?? false
  consent.atomically_revocable &&= optional
  // The client that uses a dependent is the service the scope above it belongs to.
  for (const dependent of dependents)
    grantBelow(state, { ...grant, client: scope.client }, dependent, consent)
  return consent
}

function addConsent(
  state: State,
  grant: Grant,
  node: { scope: string; parent: Consent | undefined; optional: boolean },
): Consent {
  state.lastConsent += 1
  const id = state.lastConsent
  const consent: Consent = {
    id,
    identity: grant.identity,
    client: grant.client,
    scope: node.scope,
    path: [...(node.parent?.path ?? []), id],
    atomically_revocable: node.optional,
    allows_refresh: grant.offline ?? false,
    auto_approved: grant.autoApproved ?? false,
    label: grant.label ?? null,
    created: timestamp(),
    updated: timestamp(),
    last_used: timestamp(),
  }
  state.consents.set(id, consent)
  return consent
}

function parentOf(consent: Consent): number | undefined {
  return consent.path.at(-2)
}
