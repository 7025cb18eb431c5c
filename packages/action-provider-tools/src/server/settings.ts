/**
 * Every setting of a served provider, in one table: its parser, its default, and its row of docs/settings.md.
 */
import { isIP } from 'node:net'
import { globusUrls } from '../auth/globus-urls.ts'
import { InvalidDefinition } from '../errors.ts'
import { parseSecretsKey } from '../worker/encryption.ts'

/** A setting, by the environment variable that it is read from. */
type Setting<T> = {
  /** Its value if the variable is not set or empty. */
  unset: T
  /** The same in the documentation: Markdown. */
  shown: string
  /** Its meaning: Markdown. */
  means: string
  /** @throws InvalidDefinition that names the variable and says what it takes */
  parse: (text: string, name: string) => T
}

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

const setting = <T>(given: Setting<T>): Setting<T> => given

const text = (shown: string, means: string): Setting<string | undefined> => ({
  unset: undefined,
  shown,
  means,
  parse: (given) => given,
})

type Range = readonly [least: number, most: number]

function parseWhole(given: string, name: string, [least, most]: Range): number {
  const value = /^\d+$/.test(given) ? Number(given) : Number.NaN
  if (value >= least && value <= most) return value
  throw new InvalidDefinition(`${name} must be a whole number from ${least} to ${most}`)
}

const whole = (unset: number, range: Range, means: string): Setting<number> => ({
  unset,
  shown: `\`${unset}\``,
  means,
  parse: (given, name) => parseWhole(given, name, range),
})

const wholeOrNone = (shown: string, range: Range, means: string): Setting<number | undefined> => ({
  unset: undefined,
  shown,
  means,
  parse: (given, name) => parseWhole(given, name, range),
})

const choice = <T extends string>(allowed: readonly T[], standard: T, means: string): Setting<T> => ({
  unset: standard,
  shown: `\`${standard}\``,
  means,
  parse(given, name) {
    const found = allowed.find((candidate) => candidate === given.toLowerCase())
    if (found !== undefined) return found
    throw new InvalidDefinition(`${name} must be one of: ${allowed.join(', ')}`)
  },
})

const globus = (shown: string, means: string): Setting<string | undefined> => ({
  ...text(shown, means),
  parse(given, name) {
    globusUrls({}, { [name]: given })
    return given
  },
})

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export const SETTINGS = {
  CLIENT_ID: text(
    'the emulator',
    'the UUID of your client, from https://app.globus.org/settings/developers; with the next two, or none of the three',
  ),
  CLIENT_SECRET: text('the emulator', 'a secret of that client, from its page there'),
  SCOPE: text(
    'the emulator',
    'the scope that you created for it, `https://auth.globus.org/scopes/<CLIENT_ID>/action_all`',
  ),
  HOST: setting<string>({
    unset: '127.0.0.1',
    shown: '`127.0.0.1`',
    means: 'the address to listen on; one that other machines can reach needs credentials',
    parse: (given) => given,
  }),
  PORT: whole(5000, [0, 65_535], 'the port to listen on; `0` takes a free one'),
  PUBLIC_URL: setting<string | undefined>({
    unset: undefined,
    shown: 'none',
    means:
      'the public address of this program, such as `https://provider.example.org`; callback URLs begin with it',
    parse(given, name) {
      if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return given
      throw new InvalidDefinition(`${name} must be a URL that begins with https:// or http://`)
    },
  }),
  DATABASE_URL: setting<string | undefined>({
    unset: undefined,
    shown: '`sqlite:data/<name>.db`',
    means:
      '`sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE` for many instances, which needs the package `pg`',
    parse(given, name) {
      if (/^(sqlite:.|postgres(ql)?:\/\/.)/.test(given)) return given
      throw new InvalidDefinition(`${name} must be sqlite:PATH, or postgres://USER:PASSWORD@HOST/DATABASE`)
    },
  }),
  LOG_LEVEL: choice(LEVELS, 'info', LEVELS.map((level) => `\`${level}\``).join(', ')),
  METRICS: choice(['on', 'off'], 'on', 'whether `/metrics` shows figures for Prometheus'),
  DOCS: setting<'on' | 'off' | undefined>({
    unset: undefined,
    shown: '`on` with the emulator',
    means:
      'whether `<prefix>/docs` is a page that shows the OpenAPI document; it needs `@scalar/fastify-api-reference`',
    parse: (given, name) => choice(['on', 'off'], 'off', '').parse(given, name),
  }),
  CONSOLE: setting<'on' | 'off' | undefined>({
    unset: undefined,
    shown: '`on` with the emulator',
    means:
      'whether `/console` is the [console](docs/console.md), a page that shows and runs actions; it needs `action-provider-console`',
    parse: (given, name) => choice(['on', 'off'], 'off', '').parse(given, name),
  }),
  CONSOLE_CLIENT_ID: text(
    'of the emulator',
    'the UUID of the client that users of the console sign in with: one without a secret, with the URL of the console as its redirect URI',
  ),
  CONSOLE_PROVIDERS: setting<string[]>({
    unset: [],
    shown: 'none; any with the emulator',
    means:
      'URLs of providers elsewhere that the console shows too, a comma list; this server forwards requests to them',
    parse: parseUrls,
  }),
  TRACE_SHARE: setting<number>({
    unset: 1,
    shown: '`1`',
    means: 'the share of requests without a `traceparent` that are traced with an OpenTelemetry SDK, 0 to 1',
    parse(given, name) {
      const share = Number(given)
      if (share >= 0 && share <= 1) return share
      throw new InvalidDefinition(`${name} must be a number from 0 to 1`)
    },
  }),
  CLOUDWATCH_NAMESPACE: text(
    'none',
    'the namespace of CloudWatch metrics (EMF), which are written if it is set',
  ),
  BODY_LIMIT: whole(1024 * 1024, [1, 1024 ** 3], 'the largest request body, in bytes'),
  MAX_REQUESTS: whole(
    1_000,
    [1, 1_000_000],
    'requests served at the same time; more get 503 with `Retry-After`. Requests that wait for their body or their action do not count',
  ),
  MAX_REQUESTS_PER_CALLER: wholeOrNone(
    'a quarter of `MAX_REQUESTS`',
    [1, 1_000_000],
    'open requests of one caller, waiting ones included; a caller is an identity, or else an address; more get 429 with `Retry-After`',
  ),
  RATE_LIMIT: wholeOrNone(
    'none',
    [1, 1_000_000],
    'requests per minute from one identity. One address may send as many without a token, and as many with unknown or refused tokens; more get 429 with `Retry-After`',
  ),
  TRUST_PROXY: setting<string[]>({
    unset: [],
    shown: 'none',
    means:
      'addresses or networks of proxies whose `X-Forwarded-For` is trusted, or `loopback`, `linklocal`, `uniquelocal`; a comma list',
    parse: parseProxies,
  }),
  GLOBUS_SDK_ENVIRONMENT: globus('`production`', 'which Globus, named as in the official SDKs'),
  GLOBUS_SDK_SERVICE_URL_AUTH: globus(
    'of that Globus',
    'where Globus Auth is: https, or http on this machine',
  ),
  GLOBUS_SDK_SERVICE_URL_GROUPS: globus(
    'of that Globus',
    'where Globus Groups is: https, or http on this machine',
  ),
  EMULATOR_PORT: whole(5001, [0, 65_535], 'the port of the emulator'),
  SECRETS_KEY: setting<Uint8Array[] | undefined>({
    unset: undefined,
    shown: 'derived from `CLIENT_SECRET`',
    means:
      '32 bytes in base64 that seal the tokens of unfinished work; of a comma list, the first one seals and all of them open: see [how to rotate it](docs/rotating.md)',
    parse: (given) => parseSecretsKey(given),
  }),
  FORMER_CLIENT_SECRETS: setting<string[]>({
    unset: [],
    shown: 'none',
    means: 'earlier values of `CLIENT_SECRET`, a comma list: keys derived from them open, but never seal',
    parse: parseList,
  }),
  ROLE: choice(
    ['all', 'serve', 'work'],
    'all',
    'on PostgreSQL: `serve` only answers requests, `work` only runs the work of actions',
  ),
  SHUTDOWN_GRACE: whole(
    10,
    [0, 3_600],
    'seconds that work may go on after SIGTERM before it is handed back; in the last fifth its `signal` tells it to stop',
  ),
}

/** The values of all settings. */
export type Settings = { readonly [Name in keyof typeof SETTINGS]: (typeof SETTINGS)[Name]['unset'] }

/** Parses all settings. @param problems gets all errors, each with its variable */
export function parseSettings(environment: Environment, problems: string[]): Settings {
  const values = Object.entries<Setting<unknown>>(SETTINGS).map(([name, { unset, parse }]) => {
    const given = environment[name]?.trim()
    if (!given) return [name, unset]
    try {
      return [name, parse(given, name)]
    } catch (error) {
      if (!(error instanceof InvalidDefinition)) throw error
      problems.push(error.message)
      return [name, unset]
    }
  })
  return Object.fromEntries(values) as Settings
}

/** The table of all settings in docs/settings.md, in Markdown. */
export function settingsTable(): string {
  const rows = Object.entries<Setting<unknown>>(SETTINGS).map(
    ([name, { shown, means }]) => `| \`${name}\` | ${shown} | ${means} |\n`,
  )
  return `| variable | default | is |\n| --- | --- | --- |\n${rows.join('')}`
}

/** The ranges of addresses that have a name (the package proxy-addr). */
const RANGES = ['loopback', 'linklocal', 'uniquelocal']

/** The items of a comma list. */
function parseList(given: string): string[] {
  return given
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

function parseUrls(given: string, name: string): string[] {
  const urls = parseList(given)
  if (urls.every((each) => /^https?:$/.test(URL.parse(each)?.protocol ?? ''))) return urls
  throw new InvalidDefinition(`${name} must be a comma list of URLs that begin with https://`)
}

function parseProxies(given: string, name: string): string[] {
  const proxies = parseList(given)
  if (proxies.every((each) => RANGES.includes(each) || isNetwork(each))) return proxies
  throw new InvalidDefinition(
    `${name} must be a comma list of addresses, networks such as 10.0.0.0/8, ${RANGES.join(', ')}`,
  )
}

function isNetwork(text: string): boolean {
  const [address = '', length, ...more] = text.split('/')
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  if (length === undefined) return most > 0
  return more.length === 0 && /^\d{1,3}$/.test(length) && Number(length) >= 1 && Number(length) <= most
}
