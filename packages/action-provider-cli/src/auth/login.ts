import { hostname } from 'node:os'
import { createInterface } from 'node:readline'
import { isLoopback } from 'action-provider-tools/client'
import type { Trace } from '../client/http.ts'
import { refusedError, usageError } from '../errors.ts'
import type { Terminal } from '../output/terminal.ts'
import { openBrowser } from './browser.ts'
import {
  beginLogin,
  finishLogin,
  type Granted,
  LoginEnded,
  type LoginRequest,
  type PendingLogin,
} from './grants.ts'
import { redirectServer } from './redirect-server.ts'
import { scopes } from './scopes.ts'

/** Options of a login. */
export type LoginOptions = {
  auth: URL
  clientId: string | undefined
  terminal: Terminal
  trace: Trace
  /** A browser on this machine can be used. */
  browser: boolean
}

const LOGIN_TIMEOUT = 10 * 60_000

/**
 * Lets the user log in, and consent to missing scopes.
 *
 * @param scope further scopes, which may name dependent scopes (`A[B]`)
 * @param identity the identity that must log in
 */
export async function logIn(
  { auth, clientId, terminal, trace, browser }: LoginOptions,
  scope: string | undefined,
  identity?: string,
): Promise<Granted> {
  const asking = { auth, client: { clientId: await nativeClient(auth, clientId) }, trace }
  const request = (redirectUri: string): LoginRequest => ({
    scope: scope === undefined ? scopes.identity : `${scopes.identity} ${scope}`,
    redirectUri,
    identity,
    label: `action-provider on ${hostname()}`,
  })
  const finish = async (pending: PendingLogin, answer: URLSearchParams): Promise<Granted> => {
    try {
      return await finishLogin(asking, pending, answer)
    } catch (error) {
      if (!(error instanceof LoginEnded)) throw error
      throw refusedError('Globus Auth does not accept the code: copy all of it, or log in again', error)
    }
  }

  if (!browser) {
    const pending = await beginLogin(asking, request(new URL('v2/web/auth-code', auth).href))
    terminal.warn(`Open this page, on any machine, and log in:\n\n  ${pending.url.href}\n`)
    return finish(pending, new URLSearchParams({ code: await askForCode() }))
  }
  const server = await redirectServer()
  try {
    const pending = await beginLogin(asking, request(server.redirectUri))
    const answer = server.answer(pending.state)
    const opened = await openBrowser(pending.url)
    terminal.warn(
      `${opened ? 'Your browser shows a page to log in. If it does not, open' : 'Open this page in a browser of this machine, and log in'}:\n\n  ${pending.url.href}\n`,
    )
    terminal.say(
      'Waiting for the login; without a browser on this machine, end this with Ctrl-C and use --no-browser.',
    )
    return await finish(pending, await withTimeout(answer))
  } finally {
    server.close()
  }
}

/**
 * The native application to log in as, from the settings. The emulator has a preset one.
 * @throws CommandError if none is set
 */
async function nativeClient(auth: URL, given: string | undefined): Promise<string> {
  const clientId = given || process.env.GLOBUS_NATIVE_CLIENT_ID
  if (clientId) return clientId
  if (isLoopback(auth.hostname)) {
    const { commandLineClient, findEmulator } = await import('globus-emulator')
    if (await findEmulator(auth.href)) return commandLineClient
  }
  throw usageError(
    'Say which native application to log in as: set GLOBUS_NATIVE_CLIENT_ID, or give --client-id ID; register one at https://app.globus.org/settings/developers',
  )
}

async function askForCode(): Promise<string> {
  const lines = createInterface({
    input: process.stdin,
    output: process.stderr,
    terminal: process.stdin.isTTY,
  })
  try {
    const code = await new Promise<string>((resolve) => {
      lines.question('Paste the code that it shows: ', resolve)
      lines.once('close', () => resolve(''))
    })
    if (code.trim() === '')
      throw usageError('There was no code: log in again, and paste the code that the page shows')
    return code.trim()
  } finally {
    lines.close()
  }
}

async function withTimeout(answer: Promise<URLSearchParams>): Promise<URLSearchParams> {
  const expired = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => expired.reject(refusedError('Nobody logged in within ten minutes: log in again')),
    LOGIN_TIMEOUT,
  )
  try {
    return await Promise.race([answer, expired.promise])
  } finally {
    clearTimeout(timer)
  }
}
