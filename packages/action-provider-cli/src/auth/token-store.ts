import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import envPaths from 'env-paths'
import { refusedError } from '../errors.ts'
import { keepSecret } from '../output/masking.ts'
import { locked } from './lock.ts'
import { writePrivateFile } from './private-file.ts'

/** Who is logged in. */
export type StoredIdentity = { sub: string; username?: string; name?: string; email?: string }

/** A token of a login. */
export type StoredToken = {
  access_token: string
  refresh_token?: string
  /** The scopes it carries, separated by spaces. */
  scope: string
  resource_server: string
  /** Milliseconds since 1970. */
  expires_at: number
  /** The client it was issued to. Only that client can refresh it. */
  client_id: string
}

/** A provider, by its base URL, to which the user lets tokens for a scope be sent. */
export type TrustedProvider = { provider: string; scope: string }

/** The stored login of one environment. */
export type Login = {
  version: 1
  identity?: StoredIdentity
  tokens: StoredToken[]
  trusted?: TrustedProvider[]
}

/** The login of one environment, in a file of the user's config folder. */
export type TokenStore = {
  readonly path: string
  read(): Promise<Login>
  /** Changes the stored login under a lock. `change` gets the latest state. */
  update<Result>(change: (login: Login) => Promise<Result>): Promise<Result>
  remove(): Promise<void>
}

/**
 * The store of an environment, named by the host of its Globus Auth.
 *
 * @example tokenStore(new URL('https://auth.globus.org/')).path // '~/.config/action-provider/auth.globus.org.json'
 */
export function tokenStore(auth: URL): TokenStore {
  const path = join(configFolder(), `${auth.host.replaceAll(':', '_')}.json`)
  const lock = `${path}.lock`
  const inFolder = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    return locked(lock, work)
  }
  return {
    path,
    read: () => readLogin(path),
    update: (change) =>
      inFolder(async () => {
        const login = await readLogin(path)
        const before = JSON.stringify(login)
        try {
          return await change(login)
        } finally {
          if (JSON.stringify(login) !== before)
            await writePrivateFile(path, `${JSON.stringify(login, null, 2)}\n`)
        }
      }),
    remove: () => inFolder(() => rm(path, { force: true })),
  }
}

/** The key of a provider: its base URL, because many people may share a host. */
export function providerKey(url: URL): string {
  return url.href.replace(/\/$/, '')
}

/** Where tokens are kept. */
function configFolder(): string {
  return envPaths('action-provider', { suffix: '' }).config
}

async function readLogin(path: string): Promise<Login> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw refusedError(`The tokens in ${path} cannot be read (${error.code}): check who may read it`)
  })
  if (text === undefined) return { version: 1, tokens: [] }
  const login = parseLogin(text)
  if (login === undefined) {
    throw refusedError(`The tokens in ${path} are damaged: remove that file, and log in again`)
  }
  for (const { access_token, refresh_token } of login.tokens) {
    keepSecret(access_token)
    if (refresh_token !== undefined) keepSecret(refresh_token)
  }
  return login
}

function parseLogin(text: string): Login | undefined {
  try {
    const login = JSON.parse(text) as Partial<Login> | null
    const whole =
      login?.version === 1 &&
      Array.isArray(login.tokens) &&
      (login.trusted === undefined || Array.isArray(login.trusted)) &&
      login.tokens.every(
        (token) => typeof token?.access_token === 'string' && typeof token.scope === 'string',
      )
    return whole ? (login as Login) : undefined
  } catch {
    return undefined
  }
}
