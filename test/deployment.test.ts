import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { type Globus, greeter, type Program, startGlobus } from './program.ts'
import { startedPrograms } from './started.ts'
import { startSystemPostgres, systemPostgres } from './system-postgres.ts'

/** Backup and restore, by the commands of docs/deployment.md. */

const run = promisify(execFile)
const guide = readFileSync(new URL('../docs/deployment.md', import.meta.url), 'utf8')

/** The commands below a heading of the guide. */
function commandsOf(heading: string): string {
  const [, section = ''] = guide.split(`### ${heading}\n`)
  const [, commands] = /```sh\n(.*?)```/s.exec(section) ?? []
  if (commands === undefined) throw new Error(`docs/deployment.md has no commands for: ${heading}`)
  return commands
}

let globus: Globus
let token: string
beforeAll(async () => {
  globus = await startGlobus()
  token = await globus.token('alice')
})
afterAll(() => globus.close())
const started = startedPrograms('deployment')

async function start(databaseUrl: string): Promise<Program> {
  return started.start(greeter, { ...globus.environment, DATABASE_URL: databaseUrl })
}

/** Runs the commands below a heading, as an administrator does. */
async function follow(heading: string, environment: Record<string, string>): Promise<void> {
  const { PATH, HOME } = process.env
  await run('bash', ['-eu', '-c', commandsOf(heading)], {
    cwd: started.folder,
    env: { PATH, HOME, ...environment },
  })
}

type Status = { action_id: string; status: string; code?: string }

async function ask<T = Status>(program: Program, path: string, body?: object): Promise<T> {
  const answer = await fetch(`${program.url}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  return (await answer.json()) as T
}

/** As long as a lease of a killed instance, and more on a busy machine. */
const PATIENCE = 60_000

/** Starts an action that works for so long. */
const working = (program: Program, request_id: string, seconds: number): Promise<Status> =>
  ask(program, '/run', { request_id, body: { echo_string: 'hey', work_time: seconds } })

const succeeded = (program: Program, { action_id }: Status): Promise<Status> =>
  eventually(async () => {
    const status = await ask(program, `/${action_id}/status`)
    return status.status === 'SUCCEEDED' && status
  }, PATIENCE)

/** How often the work of an action has begun, by its log. */
async function runs(program: Program, { action_id }: Status): Promise<number> {
  const { entries } = await ask<{ entries: { code: string }[] }>(program, `/${action_id}/log`)
  return entries.filter(({ code }) => code === 'Started').length
}

/** What becomes of actions from before, at and after a backup that is restored. */
async function restoring(
  databaseUrl: string,
  backUp: () => Promise<void>,
  restore: () => Promise<void>,
): Promise<void> {
  const program = await start(databaseUrl)
  const before = await working(program, 'before', 0)
  await succeeded(program, before)
  const soon = await working(program, 'soon', 5)
  const unfinished = await working(program, 'unfinished', 600)
  await eventually(async () => (await runs(program, unfinished)) === 1)
  await backUp()
  const since = await working(program, 'since', 0)
  await succeeded(program, since)
  await ask(program, `/${unfinished.action_id}/cancel`, {})
  await eventually(async () => (await ask(program, `/${unfinished.action_id}/status`)).status === 'FAILED')
  await program.signal('SIGKILL')

  await restore()
  const again = await start(databaseUrl)
  expect(await ask(again, `/${before.action_id}/status`)).toMatchObject({ status: 'SUCCEEDED' })
  expect(await runs(again, before)).toBe(1)
  await succeeded(again, soon)
  // It had ended, but the backup does not know.
  await eventually(async () => (await runs(again, unfinished)) === 2, PATIENCE)
  expect(await ask(again, `/${unfinished.action_id}/status`)).toMatchObject({ status: 'ACTIVE' })
  // It was started since: it is unknown, and whoever repeats it starts it anew.
  expect(await ask(again, `/${since.action_id}/status`)).toMatchObject({ code: 'ActionNotFound' })
  const repeated = await working(again, 'since', 0)
  expect(repeated.action_id).not.toBe(since.action_id)
  await succeeded(again, repeated)
}

test('SQLite is backed up while it is served, and restored: work goes on, what ended since runs again', {
  timeout: 4 * PATIENCE,
}, async () => {
  const path = join(started.folder, 'actions.db')
  const environment = { DATABASE: path }
  await restoring(
    `sqlite:${path}`,
    async () => {
      await follow('Back up SQLite', { ...environment, PID: `${started.programs[0]?.child.pid}` })
      await eventually(
        () => started.programs[0]?.output().stdout.includes('The database is backed up') ?? false,
      )
    },
    () => follow('Restore SQLite', environment),
  )
})

test('PostgreSQL is dumped while it is served, and restored: work goes on, what ended since runs again', {
  timeout: 4 * PATIENCE,
}, async (context) => {
  const bin = systemPostgres()
  if (bin === undefined) return context.skip('there is no pg_dump: apt-get install postgresql')
  const server = await startSystemPostgres(bin)
  const [, statements = ''] = /```sql\n(.*?)```/s.exec(guide) ?? []
  for (const statement of statements.trim().split('\n')) {
    await run(join(bin, 'psql'), ['--quiet', `--command=${statement}`, server.url])
  }
  const DATABASE_URL = server.url.replace('postgres@', 'provider@').replace(/postgres$/, 'provider')
  const environment = { DATABASE_URL, PATH: `${bin}:${process.env.PATH}` }
  try {
    await restoring(
      DATABASE_URL,
      () => follow('Back up PostgreSQL', environment),
      () => follow('Restore PostgreSQL', environment),
    )
  } finally {
    await Promise.all(started.programs.map((program) => program.signal('SIGKILL')))
    await server.close()
  }
})
