import { type AuthorizationManager, create } from '@globus/sdk/core/authorization'
import { computed, signal } from '@preact/signals'
import { base, configuration } from '../state/configuration.ts'
import { sameProvider, trusted } from './trust.ts'

/** A user who is signed in, with their linked identities. */
export type User = { id: string; username: string; name: string; identities: Identity[] }
export type Identity = { id: string; username: string; organization?: string }

/** What to do when the user comes back from Globus. */
export type Errand = { resume: { provider: string; id: string } }

export const user = signal<User | undefined>(undefined)
/** Counts sign-ins. Refused requests are sent again after each. */
export const signIns = signal(0)
/** The providers that no longer accept the user's token. */
export const refusing = signal<ReadonlySet<string>>(new Set())
/** Why the last sign-in failed. */
export const signInProblem = signal<string | undefined>(undefined)
/** The identities of the user, as principals. */
export const principals = computed(
  () => new Set(user.value?.identities.map(({ id }) => `urn:globus:auth:identity:${id}`)),
)

const RETURN = 'console return'
type Return = { href: string; errand?: Errand }

let manager: AuthorizationManager

/**
 * Restores the sign-in. When the user comes back from Globus, gets their tokens.
 *
 * @returns the errand to do now
 */
export async function beginSession(): Promise<Errand | undefined> {
  globalThis.GLOBUS_SDK_SERVICE_URL_AUTH = configuration.auth
  manager = create({
    client: configuration.client_id,
    redirect: base.href,
    scopes: '',
    storage: sessionStorage,
  })
  const back = await comeBack()
  user.value = userOf(manager)
  return back?.errand
}

async function comeBack(): Promise<Return | undefined> {
  const { searchParams } = new URL(location.href)
  if (!searchParams.has('state') || !(searchParams.has('code') || searchParams.has('error'))) return undefined
  const before = userOf(manager)
  const back = JSON.parse(sessionStorage.getItem(RETURN) ?? 'null') as Return | null
  sessionStorage.removeItem(RETURN)
  try {
    const answer = await manager.handleCodeRedirect({ shouldReplace: false })
    // Never mixes the tokens of two people.
    if (answer && before !== undefined && before.id !== userOf(manager)?.id) {
      manager.reset()
      manager.addTokenResponse(answer as Parameters<AuthorizationManager['addTokenResponse']>[0])
    }
  } catch (error) {
    signInProblem.value = error instanceof Error ? error.message : String(error)
  }
  history.replaceState(null, '', back?.href ?? base.href)
  return signInProblem.value === undefined ? (back ?? undefined) : undefined
}

/**
 * Sends the user to Globus, and back to where they are now.
 *
 * @param scopes the scopes to ask for beside the identity (default: those of all trusted providers)
 */
export async function signIn(options: { scopes?: string[]; errand?: Errand } = {}): Promise<void> {
  const { scopes = allScopes(), errand } = options
  const back: Return = { href: location.href, ...(errand && { errand }) }
  sessionStorage.setItem(RETURN, JSON.stringify(back))
  const scope = ['openid profile email', ...new Set(scopes)].join(' ')
  await manager.prompt({ params: { scope } } as Parameters<AuthorizationManager['prompt']>[0])
}

/** Revokes all tokens at Globus and deletes them here. */
export async function signOut(): Promise<void> {
  user.value = undefined
  await manager.revoke().catch(() => {
    // They are deleted here, and expire at Globus.
  })
  location.assign(base)
}

/**
 * The scope of the token for a provider: the configured one for providers of this application, otherwise the
 * one that the user has agreed to.
 */
export function scopeOf(provider: string): string | undefined {
  const own = configuration.providers.find(({ url }) => sameProvider(url, provider))
  return own?.scope ?? trusted.value.find((each) => sameProvider(each.provider, provider))?.scope
}

/** A token for a provider. `refused` is a token that it has just refused. */
export function tokenFor(provider: string, refused?: string): string | undefined {
  const token = validToken(provider)
  if (refused === undefined && token !== undefined) return token
  if (refused !== undefined && token !== undefined && token !== refused) return token
  if (user.value !== undefined && scopeOf(provider) !== undefined) {
    refusing.value = new Set([...refusing.value, provider])
  }
  return undefined
}

/** Whether there is a token for a provider. */
export function hasToken(provider: string): boolean {
  return user.value !== undefined && validToken(provider) !== undefined
}

function validToken(provider: string): string | undefined {
  const scope = scopeOf(provider)
  if (scope === undefined) return undefined
  const found = manager.tokens.getAll().find((token) => token.scope.split(' ').includes(scope))
  const { expires } = (found as { __metadata?: { expires?: number } } | undefined)?.__metadata ?? {}
  return found === undefined || (expires ?? 0) <= Date.now() ? undefined : found.access_token
}

function allScopes(): string[] {
  return [...configuration.providers, ...trusted.value].map(({ scope }) => scope)
}

function userOf({ user: claims }: AuthorizationManager): User | undefined {
  if (claims === null) return undefined
  const { sub, preferred_username, name, identity_set } = claims as Claims
  const alone: NonNullable<Claims['identity_set']> = [{ sub, username: preferred_username ?? sub }]
  const linked = (identity_set ?? alone).map((identity) => ({
    id: String(identity.sub),
    username: String(identity.username ?? identity.sub),
    ...(identity.organization && { organization: identity.organization }),
  }))
  return {
    id: sub,
    username: preferred_username ?? sub,
    name: name ?? preferred_username ?? sub,
    identities: linked,
  }
}
type Claims = {
  sub: string
  preferred_username?: string
  name?: string
  identity_set?: { sub: string; username?: string; organization?: string | null }[]
}
