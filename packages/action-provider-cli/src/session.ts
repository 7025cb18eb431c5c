import { type GlobusEnvironment, globusEnvironment } from './auth/globus-environment.ts'
import type { OAuthClient } from './auth/grants.ts'
import type { LoginOptions } from './auth/login.ts'
import { type TokenStore, tokenStore } from './auth/token-store.ts'
import {
  checkedToken,
  clientTokens,
  givenTokens,
  loginTokens,
  type Tokens,
  tokenFromFile,
} from './auth/tokens.ts'
import { askingTrust } from './auth/trust.ts'
import { type Provider, provider } from './client/provider.ts'
import { urlOption } from './client/provider-url.ts'
import { usageError } from './errors.ts'
import { processTerminal, type Terminal, type TerminalOptions } from './output/terminal.ts'

/** The options that the commands share. */
export type CommonOptions = TerminalOptions & {
  actionUrl?: string
  actionScope?: string
  tokenFile?: string
  clientId?: string
  /** False with --no-browser. */
  browser?: boolean
  trust?: boolean
}

/** What a command needs: the terminal, tokens and the provider. */
export type Session = {
  terminal: Terminal
  globus: GlobusEnvironment
  store: TokenStore
  login: LoginOptions
  /** The client of GLOBUS_CLIENT_ID and GLOBUS_CLIENT_SECRET, if they are set. */
  client: OAuthClient | undefined
  /** Tokens for providers. */
  tokens: Tokens
  /** Tokens for Globus's own services. A token that was given for a provider is not sent to them. */
  serviceTokens: Tokens
  /** The provider of --action-url. */
  provider(): Provider
}

/** @throws CommandError if a setting cannot be used */
export async function openSession(options: CommonOptions): Promise<Session> {
  const terminal = processTerminal(options)
  const globus = await globusEnvironment()
  const store = tokenStore(globus.auth)
  const login: LoginOptions = {
    auth: globus.auth,
    clientId: options.clientId,
    terminal,
    trace: terminal.trace,
    browser: options.browser ?? true,
  }
  const client = confidentialClient()
  const serviceTokens = client ? clientTokens(globus.auth, client, terminal.trace) : loginTokens(store, login)
  const given = await givenToken(options)
  const tokens = given === undefined ? serviceTokens : givenTokens(given)
  const trust = askingTrust({
    terminal,
    store,
    given: options.trust ?? false,
    advice: (url) =>
      client
        ? 'If you trust it, add --trust'
        : `If you trust it, run on a terminal: action-provider login ${urlOption(url)}, or add --trust`,
  })
  return {
    terminal,
    globus,
    store,
    login,
    client,
    tokens,
    serviceTokens,
    provider: () => provider(options.actionUrl, options.actionScope, tokens, trust, terminal),
  }
}

async function givenToken({ tokenFile }: CommonOptions): Promise<string | undefined> {
  if (tokenFile !== undefined) return tokenFromFile(tokenFile)
  const token = process.env.ACTION_TOKEN
  return token ? checkedToken(token, 'ACTION_TOKEN') : undefined
}

function confidentialClient(): OAuthClient | undefined {
  const { GLOBUS_CLIENT_ID: clientId, GLOBUS_CLIENT_SECRET: clientSecret } = process.env
  if (!clientId && !clientSecret) return undefined
  if (!clientId || !clientSecret) {
    const [has, lacks] = clientId ? ['ID', 'SECRET'] : ['SECRET', 'ID']
    throw usageError(`GLOBUS_CLIENT_${has} is set and GLOBUS_CLIENT_${lacks} is not: set both, or neither`)
  }
  return { clientId, clientSecret }
}
