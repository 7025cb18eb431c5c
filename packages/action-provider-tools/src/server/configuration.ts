import { resolve } from 'node:path'
import { type GlobusUrls, globusUrls, isLoopback } from '../auth/globus-urls.ts'
import { InvalidDefinition } from '../errors.ts'
import type { Limits } from './limits.ts'
import { type Environment, readSettings, SETTINGS, type Settings } from './settings.ts'

/** How a provider is served, from its settings. */
export type Configuration = {
  host: string
  port: number
  /** Absent where the development Globus is used. */
  credentials?: { clientId: string; clientSecret: string; scope: string }
  /** Where Globus Auth and Groups are, unless the development Globus is used. */
  globus: GlobusUrls
  databaseUrl: string
  logLevel: Settings['LOG_LEVEL']
  bodyLimit: number
  limits: Limits
  /** The proxies whose `X-Forwarded-For` is trusted. */
  trustProxy: string[]
  emulatorPort: number
  secretsKeys?: Uint8Array[]
  /** Earlier client secrets: what was sealed with keys derived from them can still be opened. */
  formerClientSecrets: string[]
  role: Settings['ROLE']
  /** Whether to serve `/metrics`. */
  metrics: boolean
  /** Whether to serve a page that shows the OpenAPI document; absent: in development, where its package is installed. */
  docs?: 'on' | 'off'
  /** The share of requests without a `traceparent` that are traced, from 0 to 1. */
  traceShare: number
  /** The namespace of CloudWatch metrics; absent where none are written. */
  cloudwatchNamespace?: string
  /** How long work may go on when the process is asked to stop, in milliseconds. */
  shutdownGrace: number
}

/**
 * Reads and checks the whole configuration.
 * @throws InvalidDefinition that names everything that is wrong, at once
 * @example readConfiguration({ PORT: '8080' }, 'echo').port // 8080
 */
export function readConfiguration(environment: Environment, name: string): Configuration {
  const problems: string[] = []
  const settings = readSettings(environment, problems)
  const databaseUrl = settings.DATABASE_URL ?? `sqlite:${resolve('data', `${name}.db`)}`
  const credentials = credentialsOf(settings, environment.NODE_ENV === 'production', problems)
  if (settings.ROLE !== 'all' && databaseUrl.startsWith('sqlite:')) {
    problems.push(
      `ROLE=${settings.ROLE} needs several instances, which SQLite cannot have: set DATABASE_URL=postgres://…`,
    )
  }
  if (problems.length > 0) {
    throw new InvalidDefinition(
      `The configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    )
  }
  const { SECRETS_KEY: secretsKeys, CLOUDWATCH_NAMESPACE: cloudwatchNamespace, DOCS: docs } = settings
  return {
    host: settings.HOST,
    port: settings.PORT,
    ...(credentials && { credentials }),
    globus: globusUrls({}, globusVariables(settings)),
    databaseUrl,
    logLevel: settings.LOG_LEVEL,
    bodyLimit: settings.BODY_LIMIT,
    limits: limitsOf(settings),
    trustProxy: settings.TRUST_PROXY,
    emulatorPort: settings.EMULATOR_PORT,
    ...(secretsKeys && { secretsKeys }),
    formerClientSecrets: settings.FORMER_CLIENT_SECRETS,
    role: settings.ROLE,
    metrics: settings.METRICS === 'on',
    ...(docs !== undefined && { docs }),
    traceShare: settings.TRACE_SHARE,
    ...(cloudwatchNamespace !== undefined && { cloudwatchNamespace }),
    shutdownGrace: settings.SHUTDOWN_GRACE * 1_000,
  }
}

function limitsOf(settings: Settings): Limits {
  const {
    MAX_REQUESTS: requestsAtOnce,
    MAX_REQUESTS_PER_CALLER: requestsPerCaller,
    RATE_LIMIT: rateLimit,
  } = settings
  return {
    requestsAtOnce,
    ...(requestsPerCaller !== undefined && { requestsPerCaller }),
    ...(rateLimit !== undefined && { rateLimit }),
  }
}

function globusVariables(settings: Settings): Record<string, string | undefined> {
  const { GLOBUS_SDK_ENVIRONMENT, GLOBUS_SDK_SERVICE_URL_AUTH, GLOBUS_SDK_SERVICE_URL_GROUPS } = settings
  return { GLOBUS_SDK_ENVIRONMENT, GLOBUS_SDK_SERVICE_URL_AUTH, GLOBUS_SDK_SERVICE_URL_GROUPS }
}

const CREDENTIALS = ['CLIENT_ID', 'CLIENT_SECRET', 'SCOPE'] as const

/**
 * All three credentials, or none where the development Globus may be used: on this machine, and not in
 * production.
 */
function credentialsOf(
  settings: Settings,
  production: boolean,
  problems: string[],
): Configuration['credentials'] {
  const { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, SCOPE: scope, HOST: host } = settings
  if (clientId && clientSecret && scope) return { clientId, clientSecret, scope }
  const missing = CREDENTIALS.filter((key) => settings[key] === undefined)
  const none = missing.length === CREDENTIALS.length
  if (none && !production) {
    if (isLoopback(host)) return undefined
    problems.push(
      `HOST=${host} is open to other machines, and without credentials the Globus emulator would let anybody in as anyone: set CLIENT_ID, CLIENT_SECRET and SCOPE, or leave HOST out`,
    )
    return undefined
  }
  for (const key of missing) problems.push(`${key} is missing: ${SETTINGS[key].means}`)
  if (!none) {
    problems.push('To use the Globus emulator instead, set none of CLIENT_ID, CLIENT_SECRET and SCOPE')
  }
  return undefined
}
