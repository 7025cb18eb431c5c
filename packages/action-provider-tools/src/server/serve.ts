import { existsSync, readdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { basename, dirname, extname } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { isPublic } from '../action/access.ts'
import { InvalidDefinition, StoreUnusable } from '../errors.ts'
import { actionProvider } from '../http/plugin.ts'
import { exampleInput } from '../input/example-input.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'
import type { StoreOptions } from '../store/action-store.ts'
import { openStore } from '../store/open-store.ts'
import { cloudwatchEmf } from '../telemetry/cloudwatch-emf.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { tracedGlobusAuth } from '../telemetry/tracing.ts'
import { createApplication } from './application.ts'
import { basePath } from './base-path.ts'
import { type Configuration, readConfiguration } from './configuration.ts'
import { type DevelopmentGlobus, startDevelopmentGlobus } from './development-globus.ts'
import { serveDocsPage } from './docs-page.ts'
import { greeting } from './greeting.ts'
import type { Environment } from './settings.ts'

/** How a provider is served from the command line. */
export type ServeOptions = {
  /** Where it is served: its base path, such as `/skeleton`. Slashes at its ends may be left out. */
  prefix: string
  /** The name of its database file, and of its client at the emulator (default: the provider's namespace). */
  name?: string
  /** An input that the printed curl line sends (default: one made from the input schema). */
  exampleInput?: unknown
  environment?: Environment
}

/** A provider that is being served. */
type Serving = { url: string; app: FastifyInstance; close: () => Promise<void> }

/**
 * Serves a provider as a program until SIGTERM or SIGINT. Environment variables configure it; without
 * credentials it uses the Globus emulator. If it cannot start, it says why on standard error and exits with
 * 1.
 *
 * @example
 * await serve(watchasay, { prefix: '/skeleton', exampleInput: { input_string: 'hey' } })
 */
export async function serve(provider: ActionProvider, options: ServeOptions): Promise<void> {
  try {
    const serving = await startServing(provider, options)
    onStopRequest(() => {
      serving.close().then(
        () => process.exit(0),
        (error: unknown) => fail(error),
      )
    })
  } catch (error) {
    fail(error)
  }
}

/**
 * Starts to serve a provider and prints where.
 * @throws InvalidDefinition, StoreUnusable, or the error of the port
 */
async function startServing(provider: ActionProvider, options: ServeOptions): Promise<Serving> {
  // Whoever calls this from JavaScript may have left it out.
  const prefix = basePath((options as ServeOptions | undefined)?.prefix)
  const name = options.name ?? provider.namespace
  const environment = options.environment ?? process.env
  const configuration = readConfiguration(environment, name)
  const named = options.name !== undefined || environment.DATABASE_URL !== undefined
  const renamed = named ? undefined : otherDatabases(configuration.databaseUrl)
  const opened: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const each of opened.splice(0).reverse()) await each()
  }
  try {
    let log: FastifyInstance['log'] | undefined
    // Warnings of the store while it is opened wait until there is a log.
    const early: (() => void)[] = []
    const warn: NonNullable<StoreOptions['log']> = (message, error) => {
      const reason = error instanceof Error ? { reason: error.message } : {}
      if (log === undefined) early.push(() => warn(message, error))
      else log.warn(reason, message)
    }
    const store = await openStore(configuration.databaseUrl, { log: warn })
    opened.push(() => store.close())
    const globus = configuration.credentials ? undefined : await startDevelopmentGlobus(name, configuration)
    if (globus) opened.push(globus.close)
    const { app, address } = await listen(provider, prefix, configuration, globus, store)
    log = app.log
    for (const say of early) say()
    if (renamed) log.warn(renamed)
    opened.push(() => app.close())
    const url = `${address}${prefix}`
    const example = globus && (await exampleInput(provider.input, options.exampleInput))
    process.stdout.write(greeting(url, provider.description.title, example, globus))
    return { url, app, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function listen(
  provider: ActionProvider,
  prefix: string,
  configuration: Configuration,
  globus: DevelopmentGlobus | undefined,
  store: Awaited<ReturnType<typeof openStore>>,
): Promise<{ app: FastifyInstance; address: string }> {
  const { host, port, bodyLimit, logLevel, limits, role, shutdownGrace, cloudwatchNamespace } = configuration
  const metrics = configuration.metrics ? createMetrics() : undefined
  const app = createApplication({
    logLevel,
    bodyLimit,
    limits,
    trustProxy: configuration.trustProxy,
    ...(metrics && { metrics }),
    traceShare: configuration.traceShare,
  })
  const credentials = configuration.credentials ?? globus?.credentials
  if (credentials === undefined) throw new InvalidDefinition('There are no credentials')
  const auth = tracedGlobusAuth({
    ...credentials,
    authUrl: globus?.url ?? configuration.globus.auth.href,
    groupsUrl: globus?.url ?? configuration.globus.groups.href,
    log: app.log,
    clock: store.now,
    ...(metrics && { onCall: metrics.authCall }),
  })
  app.addHook('onClose', () => auth.close())
  await app.register(actionProvider, {
    prefix,
    provider: cloudwatchNamespace ? withCloudwatch(app, provider, cloudwatchNamespace) : provider,
    auth,
    store,
    bodyLimit,
    shutdownGrace,
    works: role !== 'serve',
    ...(configuration.secretsKeys && { secretsKeys: configuration.secretsKeys }),
    formerClientSecrets: configuration.formerClientSecrets,
  })
  const docs = configuration.docs ?? (globus ? 'ifInstalled' : 'off')
  if (docs !== 'off' && isPublic(provider.description.visible_to)) {
    const { title } = provider.description
    serveDocsPage(app, { prefix, title, required: docs === 'on' })
  }
  await app.listen({ host, port })
  const { port: bound } = app.server.address() as AddressInfo
  return { app, address: `http://${host === '127.0.0.1' ? 'localhost' : host}:${bound}` }
}

/** A provider that also writes metrics for CloudWatch, besides what its own hooks do. */
function withCloudwatch(app: FastifyInstance, provider: ActionProvider, namespace: string): ActionProvider {
  const emf = cloudwatchEmf({ namespace, actionProvider: provider.namespace })
  app.addHook('onClose', async () => emf.flush())
  const { after } = provider.hooks
  return {
    ...provider,
    hooks: {
      ...provider.hooks,
      after(event) {
        emf.after(event)
        return after?.(event)
      },
    },
  }
}

function fail(error: unknown): never {
  process.stderr.write(`${reason(error)}\n`)
  process.exit(1)
}

/** The text of an error at the start: the message where the user can fix it, else the stack. */
function reason(error: unknown): string {
  if (error instanceof InvalidDefinition || error instanceof StoreUnusable) return error.message
  if (!(error instanceof Error)) return String(error)
  const { code, port, address, stack, message }: NodeJS.ErrnoException & { port?: number; address?: string } =
    error
  if (code === 'EADDRINUSE')
    return `Port ${port} is taken: end the program that uses it, or set PORT to another`
  if (code === 'EACCES' && port) return `Port ${port} may not be used by you: set PORT to one above 1023`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `HOST ${address ?? ''} is no address of this machine`
  return stack ?? message
}

/**
 * A warning where a provider's database does not exist yet and others are beside it: if the provider was
 * renamed, its actions are there. `undefined` where there is nothing to warn of.
 * @param databaseUrl `sqlite:PATH`, before it is opened
 */
export function otherDatabases(databaseUrl: string): string | undefined {
  const path = databaseUrl.slice('sqlite:'.length)
  if (!databaseUrl.startsWith('sqlite:') || existsSync(path) || !existsSync(dirname(path))) return undefined
  const others = readdirSync(dirname(path)).filter((file) => extname(file) === '.db')
  if (others.length === 0) return undefined
  const [name = ''] = others.map((file) => basename(file, '.db'))
  return `The database ${path} is new, and beside it is ${others.join(', ')}: if you have renamed this provider, define it with namespace: '${name}' to have its actions again`
}

/** How often the parent process is checked, in milliseconds. */
const LOOK = 500

/**
 * Calls `stop` once when the process is asked to stop: by SIGTERM, by SIGINT, or by the end of the npm that
 * started it, whose shell does not pass SIGTERM on. A second signal exits at once with 1.
 */
export function onStopRequest(stop: () => void): void {
  let asked = false
  const ask = (): void => {
    if (asked) process.exit(1)
    asked = true
    stop()
  }
  process.on('SIGTERM', ask).on('SIGINT', ask)
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    if (!asked) ask()
  }, LOOK)
  timer.unref()
}
