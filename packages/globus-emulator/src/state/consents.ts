import type { RequestedScope } from './scopes.ts'
import { type Consent, type Identity, type State, timestamp } from './state.ts'

type Grant = {
  identity: string
  /** The client that may use the scopes. */
  client: string
  scopes: readonly RequestedScope[]
  /** Whether refresh tokens were asked for. */
  offline?: boolean
  /** Given without asking, to a client that acts as itself. */
  autoApproved?: boolean
  label?: string
}

/**
 * Records that an identity allows a client these scopes and those below them. `expandScopes` adds the
 * registered dependents first.
 *
 * @returns the consents at the root, one for each scope, in the same order
 */
export function grantConsent(state: State, grant: Grant): Consent[] {
  return grant.scopes.map((requested) => grantBelow(state, grant, requested, undefined))
}

/** The consent that lets `client` use `scope` for `identity`, below `parent` or at the root. */
function findConsent(
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

/** The consents directly below this one, for which a dependent token grant gives tokens. */
export function consentsBelow(state: State, parent: Consent): Consent[] {
  return [...state.consents.values()].filter((consent) => parentOf(consent) === parent.id)
}

/** All consents of an identity, oldest first. */
export function consentsOf(state: State, identity: Identity): Consent[] {
  return [...state.consents.values()].filter((consent) => consent.identity === identity.id)
}

/** What an identity allows a client directly: the consents at the root. */
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
 * Rescinds a consent with all below it. Where the consent is not `atomically_revocable`, the consent above
 * cannot do without it, and goes too.
 */
export function rescindConsent(state: State, consent: Consent): void {
  const above = consent.path.map((id) => state.consents.get(id)).filter((node) => node !== undefined)
  const root = above.findLast((node) => node.atomically_revocable) ?? above[0] ?? consent
  removeConsents(state, ({ id }) => id === root.id)
}

/** Removes the consents that `match`, with all below them. */
export function removeConsents(state: State, match: (consent: Consent) => boolean): void {
  const gone = new Set([...state.consents.values()].filter(match).map(({ id }) => id))
  for (const { id, path } of state.consents.values()) {
    if (path.some((node) => gone.has(node))) state.consents.delete(id)
  }
}

/** The scopes that lack a consent, each with those of its dependents that lack one. */
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
  // A dependent scope is used by the service that the scope above belongs to.
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
