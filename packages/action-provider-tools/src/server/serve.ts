import { existsSync, readdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { basename, dirname, extname } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { isPublic } from '../action/access.ts'
import { actionProvider } from '../http/plugin.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'
import { openStore } from '../store/open-store.ts'
import { cloudwatchEmf } from '../telemetry/cloudwatch-emf.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { tracedGlobusAuth } from '../telemetry/tracing.ts'
import { createApplication } from './application.ts'
import { backUpOnSignal } from './backup.ts'
import { type ProgramSettings, readSettings } from './configuration.ts'
import { serveConsole } from './console.ts'
import { connectGlobus } from './development-globus.ts'
import { serveDocsPage } from './docs-page.ts'
import { greeting } from './greeting.ts'
import { basePath, type Place, placesOf, type ServedProvider } from './places.ts'
import { runUntilStopped } from './program.ts'
import type { Environment } from './settings.ts'

/** The options of a program. */
export type ProgramOptions = {
  /**
   * The name of its database file, and of its client at the emulator (default: the namespace of the one
   * provider, or `actions` for several).
   */
  name?: string
  /** The settings (default: `process.env`). */
  environment?: Environment
}

/** The options of a program with one provider. */
export type ServeOptions = ProgramOptions & Omit<ServedProvider, 'provider'> & { prefix: string }

/**
 * Serves a provider, or several, as a program until SIGTERM or SIGINT. Several share a listener, a store, a
 * client in Globus Auth and its scope. Environment variables configure it; without credentials it uses the
 * Globus emulator. If it cannot start, it says why on standard error and exits with 1.
 *
 * @example
 * await serve(watchasay, { prefix: '/skeleton', exampleInput: { input_string: 'hey' } })
 * @example
 * await serve([resize, { provider: convert, prefix: '/to-png' }], { name: 'images' })
 */
export function serve(provider: ActionProvider, options: ServeOptions): Promise<void>
export function serve(
  providers: readonly (ActionProvider | ServedProvider)[],
  options?: ProgramOptions,
): Promise<void>
export function serve(
  given: ActionProvider | readonly (ActionProvider | ServedProvider)[],
  options: ProgramOptions | ServeOptions = {},
): Promise<void> {
  return runUntilStopped(() =>
    startServing(isList(given) ? placesOf(given) : [placeOf(given, options)], options),
  )
}

function isList<T>(given: T | readonly T[]): given is readonly T[] {
  return Array.isArray(given)
}

/** The place of a single provider. Callers from JavaScript may have omitted the prefix. */
function placeOf(provider: ActionProvider, options: Partial<ServeOptions>): Place {
  const { prefix, exampleInput } = options
  const [place] = placesOf([{ provider, prefix: basePath(prefix), exampleInput }])
  return place as Place
}

/** Starts to serve and prints where. Resolves with a function that ends it. */
async function startServing(places: Place[], options: ProgramOptions): Promise<() => Promise<void>> {
  const { environment = process.env } = options
  const name = options.name ?? (places.length === 1 ? places[0]?.provider.namespace : undefined) ?? 'actions'
  const settings = readSettings(name, environment)
  const named = options.name !== undefined || environment.DATABASE_URL !== undefined
  const others = named ? undefined : otherDatabases(settings.databaseUrl, places.length)
  const opened: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const each of opened.splice(0).reverse()) await each()
  }
  try {
    const metrics = settings.metrics ? createMetrics() : undefined
    const app = createApplication({ ...settings.application, ...(metrics && { metrics }) })
    const store = await openStore(settings.databaseUrl, {
      log: (message, error) => app.log.warn(error instanceof Error ? { reason: error.message } : {}, message),
    })
    opened.push(() => store.close())
    opened.push(backUpOnSignal(store, settings.databaseUrl, app.log))
    const globus = await connectGlobus(settings)
    opened.push(globus.close)
    const auth = tracedGlobusAuth({
      ...globus.client,
      log: app.log,
      clock: store.now,
      ...(metrics && { onCall: metrics.authCall }),
    })
    opened.push(() => auth.close())
    if (others) app.log.warn(others)
    opened.push(() => app.close())
    for (const { prefix, provider } of places) {
      const seen = withCloudwatch(app, provider, settings)
      await app.register(actionProvider, { ...settings.provider, prefix, provider: seen, auth, store })
    }
    addPages(app, places, { development: globus.development !== undefined, ...settings })
    const console = await serveConsole(app, { places, globus, ...settings.console })
    const address = await listen(app, settings)
    const served = places.map(({ prefix, ...place }) => ({ ...place, url: `${address}${prefix}` }))
    // In one write, because a reader may stop after it.
    process.stdout.write(`${await greeting(served, globus.development)}${console.words(address)}`)
    return close
  } catch (error) {
    await close()
    throw error
  }
}

/** Adds the pages for people. */
function addPages(
  app: FastifyInstance,
  places: Place[],
  { docs, development }: { docs?: ProgramSettings['docs']; development: boolean },
): void {
  if (docs === 'off' || (docs === undefined && !development)) return
  for (const { prefix, provider } of places) {
    const { title, visible_to } = provider.description
    if (isPublic(visible_to)) serveDocsPage(app, { prefix, title, required: docs === 'on' })
  }
}

async function listen(app: FastifyInstance, { listen: { host, port } }: ProgramSettings): Promise<string> {
  await app.listen({ host, port })
  const { port: bound } = app.server.address() as AddressInfo
  return `http://${host === '127.0.0.1' ? 'localhost' : host}:${bound}`
}

/** The provider with an additional hook that writes metrics for CloudWatch, if that is configured. */
function withCloudwatch(
  app: FastifyInstance,
  provider: ActionProvider,
  { cloudwatchNamespace: namespace }: ProgramSettings,
): ActionProvider {
  if (namespace === undefined) return provider
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

/**
 * A warning if the database of a program does not exist yet and others are beside it: a renamed program has
 * its actions there. `undefined` if there is nothing to warn about.
 * @param databaseUrl `sqlite:PATH`, before it is opened
 * @param providers the number of providers in the program
 */
function otherDatabases(databaseUrl: string, providers: number): string | undefined {
  const path = databaseUrl.slice('sqlite:'.length)
  if (!databaseUrl.startsWith('sqlite:') || existsSync(path) || !existsSync(dirname(path))) return undefined
  const others = readdirSync(dirname(path)).filter((file) => extname(file) === '.db')
  if (others.length === 0) return undefined
  const [name = ''] = others.map((file) => basename(file, '.db'))
  const cure =
    providers === 1
      ? `if you have renamed this provider, define it with namespace: '${name}' to have its actions again`
      : `if the actions of these providers are there, give serve the option name: '${name}' to have them again`
  return `The database ${path} is new, and beside it is ${others.join(', ')}: ${cure}`
}
