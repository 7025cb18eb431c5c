/** A PostgreSQL of the system, for tests that need its tools: those of npm have none. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePort } from '../packages/action-provider-tools/test/postgres.ts'
import { eventually } from './eventually.ts'

const run = promisify(execFile)

/** The folder of its programs, of the newest version; `undefined` where there is none. */
export function systemPostgres(): string | undefined {
  const [newest] = globSync('/usr/lib/postgresql/*/bin/pg_dump').toSorted().toReversed()
  return newest === undefined ? undefined : join(newest, '..')
}

/** Starts a server with an empty database. */
export async function startSystemPostgres(bin: string): Promise<{ url: string; close: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'system-postgres-'))
  const data = join(directory, 'data')
  const owner = await ownerOf(directory)
  await run(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8'],
    owner,
  )
  const port = await freePort()
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', `port=${port}`]
  const server: ChildProcess = spawn(
    join(bin, 'postgres'),
    ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    { ...owner, stdio: 'ignore' },
  )
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  await eventually(async () => {
    const client = new Client(url)
    return client.connect().then(
      () => client.end().then(() => true),
      () => false,
    )
  })
  return {
    url,
    async close() {
      server.kill('SIGINT')
      await once(server, 'close')
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Who it runs as: it refuses to be root. */
async function ownerOf(directory: string): Promise<{ uid?: number; gid?: number; cwd: string }> {
  if (process.getuid?.() !== 0) return { cwd: directory }
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)),
  )
  await chown(directory, uid ?? 0, gid ?? 0)
  return { uid: uid ?? 0, gid: gid ?? 0, cwd: directory }
}
