import type { FastifyInstance } from 'fastify'
import { InvalidDefinition, NotFound } from '../errors.ts'
import type { ConsoleSettings } from './configuration.ts'
import type { ProgramGlobus } from './development-globus.ts'
import type { Place } from './places.ts'

/** What the page comes in. It is optional to install. */
const PACKAGE = 'action-provider-console'

const PREFIX = '/console'

/** What a program says of its console when it serves. */
export type ServedConsole = { words(address: string): string }

/**
 * Serves the console, a page that shows and runs the actions of a program's providers, at `/console/`: in
 * development where its package is installed, elsewhere where it is asked for.
 *
 * @throws InvalidDefinition where it is asked for and cannot be served
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
    // The development Globus is for this machine alone, which may ask whatever it can reach anyway.
    elsewhere: development && settings.providers.length === 0 ? 'any' : settings.providers,
  })
  return { words: (address) => `\nThe console shows and runs actions: ${address}${PREFIX}/\n` }
}

const silent: ServedConsole = { words: () => '' }
