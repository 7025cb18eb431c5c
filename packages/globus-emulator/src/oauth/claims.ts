import { identityProviders, identitySet } from '../state/identities.ts'
import type { Identity, State } from '../state/state.ts'

const setScope = 'urn:globus:auth:scope:auth.globus.org:view_identity_set'

/** What Globus Auth tells of a user to whoever has these scopes (OpenID Connect Core section 5.4). */
export function userClaims(
  state: State,
  identity: Identity,
  scopes: readonly string[],
  authTime: number | null,
): Record<string, unknown> {
  const profile = scopes.includes('profile')
  const email = scopes.includes('email')
  return {
    sub: identity.id,
    ...(profile
      ? {
          name: identity.name,
          preferred_username: identity.username,
          organization: identity.organization,
          ...provider(state, identity),
        }
      : {}),
    ...(email ? { email: identity.email } : {}),
    last_authentication: authTime,
    ...(profile || scopes.includes(setScope)
      ? {
          identity_set: identitySet(state, identity).map((linked) => ({
            sub: linked.id,
            username: linked.username,
            name: linked.name,
            organization: linked.organization,
            ...provider(state, linked),
            ...(email ? { email: linked.email } : {}),
            last_authentication: linked === identity ? authTime : null,
          })),
        }
      : {}),
  }
}

function provider(state: State, { identity_provider }: Identity): Record<string, string | undefined> {
  const name = identityProviders(state).find(({ id }) => id === identity_provider)?.name
  return { identity_provider, identity_provider_display_name: name }
}
