import { resolve } from 'node:path'
import { globusUrls, isLoopback } from '../auth/globus-urls.ts'
import { InvalidDefinition } from '../errors.ts'
import type { Limits } from './limits.ts'
import { type Environment, parseSettings, SETTINGS, type Settings } from './settings.ts'

/** The settings of a program, grouped by use. */
export type ProgramSettings = {
  /** The name of the program. */
  name: string
  /** For `app.listen`. */
  listen: { host: string; port: number }
  /** For `openStore`. */
  databaseUrl: string
  /** Its client in Globus Auth, for `connectGlobus`. Absent for the development Globus. */
  globus?: GlobusClient
  /** For `createApplication`. */
  application: {
    logLevel: Settings['LOG_LEVEL']
    bodyLimit: number
    limits: Limits
    /** The proxies whose `X-Forwarded-For` is trusted. */
    trustProxy: string[]
    /** The share of requests without a `traceparent` that are traced, from 0 to 1. */
    traceShare: number
  }
  /** For `actionProvider`: each provider of the program. */
  provider: {
    bodyLimit: number
    /** Whether this instance runs work. */
    works: boolean
    /** How long work may continue after the process was asked to stop, in milliseconds. */
    shutdownGrace: number
    secretsKeys?: Uint8Array[]
    /** The public address of this program. */
    publicUrl?: string
    /** Earlier client secrets: what was sealed with keys derived from them can still be opened. */
    formerClientSecrets: string[]
  }
  /** The port of the development Globus. */
  emulatorPort: number
  /** Whether to serve `/metrics`. */
  metrics: boolean
  /**
   * Whether to serve a page that shows the OpenAPI document; absent: in development, if its package is
   * installed.
   */
  docs?: 'on' | 'off'
  /** For `serveConsole`. */
  console: ConsoleSettings
  /** The namespace of CloudWatch metrics; absent for none. */
  cloudwatchNamespace?: string
}

/** How the console is served. */
export type ConsoleSettings = {
  /** Absent: in development, if its package is installed. */
  wanted?: 'on' | 'off'
  /** The client that its users sign in with. Absent: that of the development Globus. */
  clientId?: string
  /** The URLs of providers elsewhere that it shows too. */
  providers: string[]
}

/** A client in Globus Auth and its URLs, for `globusAuth`. */
export type GlobusClient = {
  clientId: string
  clientSecret: string
  scope: string
  authUrl: string
  groupsUrl: string
}

/**
 * Reads and checks all settings of docs/settings.md.
 *
 * @param name the name of the program, of its client at the emulator, and of its database file if
 * `DATABASE_URL` names none
 * @param environment (default: `process.env`)
 * @throws InvalidDefinition that names all errors at once
 * @example readSettings('echo', { PORT: '8080' }).listen.port // 8080
 */
export function readSettings(name: string, environment: Environment = process.env): ProgramSettings {
  const problems: string[] = []
  const settings = parseSettings(environment, problems)
  const databaseUrl = settings.DATABASE_URL ?? `sqlite:${resolve('data', `${name}.db`)}`
  const credentials = credentialsOf(settings, environment.NODE_ENV === 'production', problems)
  if (settings.ROLE !== 'all' && databaseUrl.startsWith('sqlite:')) {
    problems.push(
      `ROLE=${settings.ROLE} needs several instances, which SQLite cannot have: set DATABASE_URL=postgres://…`,
    )
  }
  if (settings.CONSOLE === 'on' && credentials && settings.CONSOLE_CLIENT_ID === undefined) {
    problems.push(`CONSOLE=on needs CONSOLE_CLIENT_ID: ${SETTINGS.CONSOLE_CLIENT_ID.means}`)
  }
  if (problems.length > 0) {
    throw new InvalidDefinition(
      `The configuration is wrong:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    )
  }
  const { SECRETS_KEY: secretsKeys, CLOUDWATCH_NAMESPACE: cloudwatchNamespace, DOCS: docs } = settings
  const { auth, groups } = globusUrls({}, globusVariables(settings))
  return {
    name,
    listen: { host: settings.HOST, port: settings.PORT },
    databaseUrl,
    ...(credentials && { globus: { ...credentials, authUrl: auth.href, groupsUrl: groups.href } }),
    application: {
      logLevel: settings.LOG_LEVEL,
      bodyLimit: settings.BODY_LIMIT,
      limits: limitsOf(settings),
      trustProxy: settings.TRUST_PROXY,
      traceShare: settings.TRACE_SHARE,
    },
    provider: {
      bodyLimit: settings.BODY_LIMIT,
      works: settings.ROLE !== 'serve',
      shutdownGrace: settings.SHUTDOWN_GRACE * 1_000,
      ...(secretsKeys && { secretsKeys }),
      formerClientSecrets: settings.FORMER_CLIENT_SECRETS,
      ...(settings.PUBLIC_URL !== undefined && { publicUrl: settings.PUBLIC_URL }),
    },
    emulatorPort: settings.EMULATOR_PORT,
    metrics: settings.METRICS === 'on',
    ...(docs !== undefined && { docs }),
    console: {
      ...(settings.CONSOLE !== undefined && { wanted: settings.CONSOLE }),
      ...(settings.CONSOLE_CLIENT_ID !== undefined && { clientId: settings.CONSOLE_CLIENT_ID }),
      providers: settings.CONSOLE_PROVIDERS,
    },
    ...(cloudwatchNamespace !== undefined && { cloudwatchNamespace }),
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
 * All three credentials, or none if the development Globus may be used: on this machine, and not in
 * production.
 */
function credentialsOf(
  settings: Settings,
  production: boolean,
  problems: string[],
): Pick<GlobusClient, 'clientId' | 'clientSecret' | 'scope'> | undefined {
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
