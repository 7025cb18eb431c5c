import type { FastifyInstance } from 'fastify'
import { InvalidDefinition, NotFound } from '../errors.ts'
import type { ConsoleSettings } from './configuration.ts'
import type { ProgramGlobus } from './development-globus.ts'
import type { Place } from './places.ts'

/** The package of the page. It is optional. */
const PACKAGE = 'action-provider-console'

const PREFIX = '/console'

/** What a program prints about its console. */
export type ServedConsole = { words(address: string): string }

/**
 * Serves the console, a page that shows and runs the actions of a program's providers, at `/console/`: in
 * development if its package is installed, elsewhere if `CONSOLE=on`.
 *
 * @throws InvalidDefinition if it is asked for and cannot be served
 */
export async function serveConsole(
  app: FastifyInstance,
  { places, globus, wanted, ...settings }: { places: Place[]; globus: ProgramGlobus } & ConsoleSettings,
): Promise<ServedConsole> {
  const { development, client } = globus
  const clientId = settings.clientId ?? development?.consoleClient
  if (wanted === 'off' || (wanted === undefined && !development) || clientId === undefined) return silent
  if (places.some(({ prefix }) => `${prefix}/`.startsWith(`${PREFIX}/`))) {
    if (wanted === undefined) return silent
    throw new InvalidDefinition(
      `CONSOLE=on: a provider is served at ${PREFIX} already, give it another prefix`,
    )
  }
  const pages = await import('action-provider-console').catch(() => undefined)
  if (pages === undefined || !pages.isBuilt()) {
    const [lack, cure] = pages
      ? ['not built', `npm run build -w ${PACKAGE}`]
      : ['not installed', `npm install ${PACKAGE}`]
    if (wanted === 'on') throw new InvalidDefinition(`CONSOLE=on needs a package that is ${lack}: ${cure}`)
    app.get(PREFIX, () => {
      throw new NotFound(`The console is ${lack}: ${cure}`)
    })
    return { words: () => `\nFor a page that shows and runs actions: ${cure}\n` }
  }
  await app.register(pages.consolePages, {
    prefix: PREFIX,
    providers: places.map(({ prefix }) => ({ path: prefix, scope: client.scope })),
    auth: client.authUrl,
    clientId,
    // With the development Globus only this machine can reach the server, so it may forward to any host.
    elsewhere: development && settings.providers.length === 0 ? 'any' : settings.providers,
  })
  return { words: (address) => `\nThe console shows and runs actions: ${address}${PREFIX}/\n` }
}

const silent: ServedConsole = { words: () => '' }
