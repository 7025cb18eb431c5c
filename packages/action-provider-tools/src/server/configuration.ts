import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { type GlobusUrls, globusUrls } from '../auth/globus-urls.ts'
import { InvalidDefinition } from '../errors.ts'
import { parseSecretsKey } from '../worker/encryption.ts'
import type { Limits } from './limits.ts'

/** The levels of the log, from the most to the least that is said. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** What an instance does: answer requests, carry work, or both. */
const ROLES = ['all', 'serve', 'work'] as const

/** Whether something is done. */
const SWITCH = ['on', 'off'] as const

/** The settings of a served provider, read from the environment. */
export type Configuration = {
  host: string
  port: number
  /** Absent where the Globus emulator stands in for Globus Auth. */
  credentials?: { clientId: string; clientSecret: string; scope: string }
  /** Where Globus Auth and Groups are, unless the emulator stands in for them. */
  globus: GlobusUrls
  databaseUrl: string
  logLevel: (typeof LOG_LEVELS)[number]
  bodyLimit: number
  limits: Limits
  /** The proxies whose `X-Forwarded-For` is believed. */
  trustProxy: string[]
  emulatorPort: number
  secretsKeys?: Uint8Array[]
  /** Client secrets of before: what was sealed with keys derived from them is still read. */
  formerClientSecrets: string[]
  role: (typeof ROLES)[number]
  /** Whether `/metrics` is there. */
  metrics: boolean
  /** How many of the requests that bring no trace along are traced, from 0 to 1. */
  traceShare: number
  /** The namespace of metrics for CloudWatch; absent where none are written. */
  cloudwatchNamespace?: string
  /** How long work may take to end when the process is told to stop, in milliseconds. */
  shutdownGrace: number
}

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads and checks the whole configuration.
 * @throws InvalidDefinition that names everything that is wrong, at once
 * @example readConfiguration({ PORT: '8080' }, 'echo').port // 8080
 */
export function readConfiguration(environment: Environment, name: string): Configuration {
  const problems: string[] = []
  const text = (key: string): string | undefined => environment[key]?.trim() || undefined
  const number = (key: string, standard: number, least: number, most: number): number => {
    const value = text(key)
    if (value === undefined) return standard
    const parsed = /^\d+$/.test(value) ? Number(value) : Number.NaN
    if (parsed >= least && parsed <= most) return parsed
    problems.push(`${key} must be a whole number from ${least} to ${most}`)
    return standard
  }
  const choice = <T extends string>(key: string, allowed: readonly T[], standard: T): T => {
    const value = text(key) ?? standard
    const found = allowed.find((candidate) => candidate === value.toLowerCase())
    if (found === undefined) problems.push(`${key} must be one of: ${allowed.join(', ')}`)
    return found ?? standard
  }
  const globus = readGlobusUrls(text, problems)
  const credentials = readCredentials(text, environment.NODE_ENV === 'production', problems)
  const secretsKeys = readSecretsKeys(text('SECRETS_KEY'), problems)
  const cloudwatchNamespace = text('CLOUDWATCH_NAMESPACE')
  const configuration: Configuration = {
    host: text('HOST') ?? '127.0.0.1',
    port: number('PORT', 5000, 0, 65_535),
    ...(credentials && { credentials }),
    globus,
    databaseUrl: readDatabaseUrl(text('DATABASE_URL'), name, problems),
    logLevel: choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    bodyLimit: number('BODY_LIMIT', 1024 * 1024, 1, 1024 ** 3),
    limits: {
      requestsAtOnce: number('MAX_REQUESTS', 1_000, 1, 1_000_000),
      ...(text('RATE_LIMIT') !== undefined && { rateLimit: number('RATE_LIMIT', 1, 1, 1_000_000) }),
    },
    trustProxy: readProxies(text('TRUST_PROXY'), problems),
    emulatorPort: number('EMULATOR_PORT', 5001, 0, 65_535),
    ...(secretsKeys && { secretsKeys }),
    formerClientSecrets: readList(text('FORMER_CLIENT_SECRETS')),
    role: choice('ROLE', ROLES, 'all'),
    metrics: choice('METRICS', SWITCH, 'on') === 'on',
    traceShare: readShare('TRACE_SHARE', text, problems),
    ...(cloudwatchNamespace !== undefined && { cloudwatchNamespace }),
    shutdownGrace: number('SHUTDOWN_GRACE', 10, 0, 3_600) * 1_000,
  }
  if (configuration.role !== 'all' && configuration.databaseUrl.startsWith('sqlite:')) {
    problems.push(
      `ROLE=${configuration.role} needs several instances, which SQLite cannot have: set DATABASE_URL=postgres://…`,
    )
  }
  if (problems.length > 0) {
    throw new InvalidDefinition(
      `The configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    )
  }
  return configuration
}

type Read = (key: string) => string | undefined

const CREDENTIALS = {
  CLIENT_ID: 'the UUID of your client, from https://app.globus.org/settings/developers',
  CLIENT_SECRET: 'a secret of that client, from its page there',
  SCOPE: 'the scope that you created for it, https://auth.globus.org/scopes/<CLIENT_ID>/action_all',
}

function readCredentials(text: Read, production: boolean, problems: string[]): Configuration['credentials'] {
  const clientId = text('CLIENT_ID')
  const clientSecret = text('CLIENT_SECRET')
  const scope = text('SCOPE')
  if (clientId && clientSecret && scope) return { clientId, clientSecret, scope }
  const none = !clientId && !clientSecret && !scope
  if (none && !production) return undefined
  for (const [key, how] of Object.entries(CREDENTIALS)) {
    if (text(key) === undefined) problems.push(`${key} is missing: ${how}`)
  }
  if (!none)
    problems.push('To use the Globus emulator instead, set none of CLIENT_ID, CLIENT_SECRET and SCOPE')
  return undefined
}

/** Each variable is checked by itself, so that all that are wrong are named. */
function readGlobusUrls(text: Read, problems: string[]): GlobusUrls {
  const variables: Record<string, string | undefined> = {}
  for (const key of [
    'GLOBUS_SDK_ENVIRONMENT',
    'GLOBUS_SDK_SERVICE_URL_AUTH',
    'GLOBUS_SDK_SERVICE_URL_GROUPS',
  ]) {
    try {
      globusUrls({}, { [key]: text(key) })
      variables[key] = text(key)
    } catch (error) {
      problems.push((error as Error).message)
    }
  }
  return globusUrls({}, variables)
}

function readSecretsKeys(text: string | undefined, problems: string[]): Uint8Array[] | undefined {
  if (text === undefined) return undefined
  try {
    return parseSecretsKey(text)
  } catch (error) {
    problems.push((error as Error).message)
    return undefined
  }
}

/** What a comma list holds. */
function readList(text = ''): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

/** The ranges of addresses that have a name (the package proxy-addr). */
const RANGES = ['loopback', 'linklocal', 'uniquelocal']

function readProxies(text: string | undefined, problems: string[]): string[] {
  const proxies = readList(text)
  if (!proxies.every((each) => RANGES.includes(each) || isNetwork(each))) {
    problems.push(
      `TRUST_PROXY must be a comma list of addresses, networks such as 10.0.0.0/8, ${RANGES.join(', ')}`,
    )
  }
  return proxies
}

function isNetwork(text: string): boolean {
  const [address = '', length, ...more] = text.split('/')
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  if (length === undefined) return most > 0
  return more.length === 0 && /^\d{1,3}$/.test(length) && Number(length) >= 1 && Number(length) <= most
}

function readShare(key: string, text: Read, problems: string[]): number {
  const share = Number(text(key) ?? 1)
  if (share >= 0 && share <= 1) return share
  problems.push(`${key} must be a number from 0 to 1`)
  return 1
}

function readDatabaseUrl(text: string | undefined, name: string, problems: string[]): string {
  if (text === undefined) return `sqlite:${resolve('data', `${name}.db`)}`
  if (!/^(sqlite:.|postgres(ql)?:\/\/.)/.test(text)) {
    problems.push('DATABASE_URL must be sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE')
  }
  return text
}
