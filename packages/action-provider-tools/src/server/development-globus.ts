import { dirname, join } from 'node:path'
import { groupsScope } from '../auth/globus-auth.ts'
import { InvalidDefinition } from '../errors.ts'
import type { GlobusClient, ProgramSettings } from './configuration.ts'

/** A user of the emulator who can call the provider. */
export type DevelopmentUser = { name: string; urn: string; token: string }

/** The Globus emulator that a program in development uses. */
export type DevelopmentGlobus = {
  url: string
  /** Users, each with a token for the program's scope. */
  users: DevelopmentUser[]
  /** The id of the client that users of the console sign in with. */
  consoleClient: string
}

/** The users whose tokens are printed at the start. */
const USERS = ['alice', 'bob']

/** The Globus that a program uses. */
export type ProgramGlobus = {
  /** The program's client there: for `globusAuth`. */
  client: GlobusClient
  /** The emulator, if the settings name no client. */
  development?: DevelopmentGlobus
  close: () => Promise<void>
}

/**
 * The Globus of a program: the client that its settings name, otherwise the development Globus.
 *
 * @throws InvalidDefinition if the emulator is needed and is not installed or cannot start
 * @example
 * const globus = await connectGlobus(readSettings('echo'))
 * const auth = globusAuth(globus.client)
 */
export async function connectGlobus(settings: ProgramSettings): Promise<ProgramGlobus> {
  if (settings.globus) return { client: settings.globus, close: async () => {} }
  return startDevelopmentGlobus(settings)
}

/**
 * Starts the Globus emulator, or uses one that already runs at its port, and registers the program's client
 * and scope there. Its state file is beside the database, so that tokens survive a restart like actions.
 */
async function startDevelopmentGlobus({
  name,
  emulatorPort: port,
  databaseUrl,
}: ProgramSettings): Promise<ProgramGlobus> {
  const { consoleClient, startEmulator, connectEmulator, findEmulator } = await import(
    'globus-emulator'
  ).catch((error: unknown) => {
    throw new InvalidDefinition(
      'No Globus credentials are configured and the emulator is not installed: set CLIENT_ID, CLIENT_SECRET and SCOPE, or npm install --save-dev globus-emulator',
      { cause: error },
    )
  })
  const present = `http://127.0.0.1:${port}`
  const reuse = port !== 0 && (await findEmulator(present)) !== undefined
  const emulator = reuse
    ? { ...connectEmulator(present), url: present, close: async () => {} }
    : await startEmulator({
        port,
        stateFile: join(dataFolder(databaseUrl), 'globus-emulator.json'),
      }).catch((error: Error) => {
        throw new InvalidDefinition(`The Globus emulator cannot start: ${error.message} (EMULATOR_PORT)`, {
          cause: error,
        })
      })
  try {
    const registered = await emulator.register({
      name,
      scopes: [{ suffix: 'action_all', name: `Run actions of ${name}`, dependents: [groupsScope] }],
    })
    const [scope] = registered.scopes
    if (scope === undefined) throw new Error('The emulator registered no scope')
    const known = await emulator.users()
    const users = await Promise.all(
      USERS.map(async (username) => {
        const user = known.find(({ short_name }) => short_name === username)
        return { name: username, urn: user?.urn ?? '', token: await emulator.issueToken({ username, scope }) }
      }),
    )
    const { url } = emulator
    const { client_id: clientId, client_secret: clientSecret } = registered
    return {
      client: { clientId, clientSecret, scope, authUrl: url, groupsUrl: url },
      development: { url, users, consoleClient },
      close: () => emulator.close(),
    }
  } catch (error) {
    await emulator.close()
    throw error
  }
}

function dataFolder(databaseUrl: string): string {
  const path = databaseUrl.replace(/^sqlite:/, '')
  return path === databaseUrl || path === ':memory:' ? 'data' : dirname(path)
}
