import { readFile } from 'node:fs/promises'
import type { GetToken } from 'action-provider-tools/client'
import { refusedError, usageError } from '../errors.ts'
import { keepSecret } from '../output/masking.ts'
import type { Granted, OAuthClient } from './grants.ts'
import type { LoginOptions } from './login.ts'
import type { Login, StoredToken, TokenStore } from './token-store.ts'

/** A request for a token. */
export type Wanted = {
  scope: string
  /** What a user who is not logged in should do. */
  advice: string
}

/** A source of tokens. */
export type Tokens = {
  /** Whether it gives tokens without knowing the scope. */
  readonly anyScope: boolean
  /** @throws CommandError if there is none */
  get(wanted: Wanted): Promise<string>
  /** Lets the user log in once for all scopes that lack a token, if the terminal is interactive. */
  prepare(scopes: readonly string[]): Promise<void>
  /** Replaces a refused token; `undefined` if there is no other. */
  renew(wanted: Wanted, refused: string): Promise<string | undefined>
}

/**
 * Gives tokens to the client, which asks for another one if the provider refuses the first. Printed tokens
 * are masked.
 */
export function tokensFor(tokens: Tokens, wanted: () => Wanted | Promise<Wanted>): GetToken {
  return async ({ refused }) => {
    const need = await wanted()
    const token = refused === undefined ? await tokens.get(need) : await tokens.renew(need, refused)
    return token && keepSecret(token)
  }
}

/** A token is refreshed this many milliseconds before it expires. */
const EXPIRY_MARGIN = 30_000

/** Gives one token for every scope: the one from ACTION_TOKEN or a file. */
export function givenTokens(token: string): Tokens {
  keepSecret(token)
  return { anyScope: true, get: async () => token, prepare: async () => {}, renew: async () => undefined }
}

/**
 * Reads a token from a file.
 * @param option the option that names the file
 * @throws CommandError if the file cannot be read or has no token
 */
export async function tokenFromFile(path: string, option = '--token-file'): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw usageError(`The token file ${path} cannot be read (${error.code}): check ${option}`)
  })
  return checkedToken(text, `The file ${path}`)
}

/**
 * Trims a token and checks it.
 * @throws CommandError if the text cannot be part of an Authorization header
 */
export function checkedToken(text: string, where: string): string {
  const token = text.trim()
  if (!/^[\x21-\x7e]+$/.test(token))
    throw usageError(`${where} holds no token: it is one line of letters, digits and signs`)
  return token
}

/** Gives the tokens of a client that acts as itself. They are kept in memory. */
export function clientTokens(auth: URL, client: OAuthClient, trace: (line: string) => void): Tokens {
  const kept = new Map<string, StoredToken>()
  const get = async ({ scope }: Wanted): Promise<string> => {
    const known = kept.get(scope)
    if (known && isFresh(known)) return known.access_token
    const { clientCredentialsGrant } = await import('./grants.ts')
    const tokens = await clientCredentialsGrant({ auth, client, trace }, scope)
    const token = tokens.find((candidate) => carries(candidate, scope))
    if (token === undefined)
      throw refusedError(`Globus Auth gave this client no token for ${scope}: check the scope`)
    kept.set(scope, token)
    return token.access_token
  }
  return {
    anyScope: false,
    get,
    prepare: async () => {},
    async renew(wanted, refused) {
      const token = await get(wanted)
      if (token !== refused) return token
      kept.delete(wanted.scope)
      return get(wanted)
    },
  }
}

/** Gives the tokens of the logged-in user. On a terminal, the user is asked to log in for missing ones. */
export function loginTokens(store: TokenStore, login: LoginOptions): Tokens {
  const orLogIn = async (wanted: Wanted): Promise<string> => {
    if (!login.terminal.interactive) throw refusedError(wanted.advice)
    login.terminal.say(`A login is needed for ${wanted.scope}`)
    await logInAndKeep(store, login, wanted.scope)
    const token = find(await store.read(), wanted)
    if (token === undefined)
      throw refusedError(`The login gave no token for ${wanted.scope}: check --action-scope`)
    return token.access_token
  }
  return {
    anyScope: false,
    async get(wanted) {
      const known = find(await store.read(), wanted)
      if (known && isFresh(known)) return known.access_token
      const token = known && (await refreshed(store, login, wanted, (current) => isFresh(current)))
      return token ?? orLogIn(wanted)
    },
    async prepare(scopes) {
      if (!login.terminal.interactive) return
      const kept = await store.read()
      const missing = scopes.filter((scope) => find(kept, { scope }) === undefined)
      if (missing.length < 2) return
      login.terminal.say(`A login is needed for ${missing.join(', ')}`)
      await logInAndKeep(store, login, missing.join(' '))
    },
    async renew(wanted, refused) {
      const token = await refreshed(store, login, wanted, (current) => current.access_token !== refused)
      if (token !== undefined && token !== refused) return token
      return orLogIn(wanted)
    },
  }
}

/**
 * Logs in and stores the tokens. A user who is already logged in must log in as the same identity.
 *
 * @param scope scopes in addition to the one that identifies the user
 */
export async function logInAndKeep(
  store: TokenStore,
  options: LoginOptions,
  scope: string | undefined,
): Promise<Login> {
  const { logIn } = await import('./login.ts')
  const before = await store.read()
  const granted = await logIn(options, scope, before.identity?.sub)
  return store.update(async (login) => {
    const known = login.identity
    if (known && granted.identity && granted.identity.sub !== known.sub) {
      throw refusedError(
        `You are logged in as ${known.username ?? known.sub}, but the browser as ${granted.identity.username ?? granted.identity.sub}: run "action-provider logout" first to change`,
      )
    }
    keep(login, granted)
    return structuredClone(login)
  })
}

/** The stored token for a scope, however old. `trust.ts` decides which providers it may go to. */
export function find(login: Login, { scope }: Pick<Wanted, 'scope'>): StoredToken | undefined {
  return login.tokens.find((token) => carries(token, scope))
}

function keep(login: Login, { tokens, identity }: Granted): void {
  const outlived = (old: StoredToken): boolean =>
    tokens.some((token) => old.scope.split(' ').every((each) => carries(token, each)))
  login.tokens = [...tokens, ...login.tokens.filter((token) => !outlived(token))]
  if (identity) login.identity = identity
}

/**
 * Refreshes a stored token, unless another command has done so. A token that can no longer be refreshed is
 * removed.
 */
async function refreshed(
  store: TokenStore,
  { auth, trace }: LoginOptions,
  wanted: Wanted,
  isGood: (token: StoredToken) => boolean,
): Promise<string | undefined> {
  return store.update(async (login) => {
    const current = find(login, wanted)
    if (current === undefined) return undefined
    if (isGood(current) && current.expires_at > Date.now()) return current.access_token
    const fresh = await refreshOrForget(auth, trace, current)
    login.tokens = login.tokens.flatMap((token) => (token === current ? (fresh ?? []) : token))
    return fresh?.access_token
  })
}

async function refreshOrForget(
  auth: URL,
  trace: (line: string) => void,
  token: StoredToken,
): Promise<StoredToken | undefined> {
  if (token.refresh_token === undefined) return undefined
  const { LoginEnded, refreshGrant } = await import('./grants.ts')
  try {
    return await refreshGrant({ auth, client: { clientId: token.client_id }, trace }, token)
  } catch (error) {
    if (error instanceof LoginEnded) return undefined
    throw error
  }
}

function carries(token: StoredToken, scope: string): boolean {
  return token.scope.split(' ').includes(scope)
}

function isFresh({ expires_at }: StoredToken): boolean {
  return expires_at - EXPIRY_MARGIN > Date.now()
}
