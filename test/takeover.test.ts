import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres } from '../packages/action-provider-tools/test/postgres.ts'
import { eventually } from './eventually.ts'
import { type Globus, greeter, helloWorld, type Program, startGlobus, startProgram } from './program.ts'

let globus: Globus
let folder: string
let token: string
beforeAll(async () => {
  globus = await startGlobus()
  folder = await mkdtemp(join(tmpdir(), 'takeover-'))
  token = await globus.token('alice')
})
afterAll(async () => {
  await globus.close()
  await rm(folder, { recursive: true, force: true })
})

type Status = {
  action_id: string
  status: string
  details: Record<string, unknown>
}

const start = (program: string, databaseUrl: string): Promise<Program> =>
  startProgram(program, { ...globus.environment, DATABASE_URL: databaseUrl, LOG_LEVEL: 'warn' })

async function ask<T>(program: Program, path: string, body?: unknown): Promise<{ status: number; json: T }> {
  const response = await fetch(`${program.url}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, json: (await response.json()) as T }
}

/** Starts actions, spread over instances. */
async function runMany(programs: Program[], count: number, input: object): Promise<Map<string, string>> {
  const begun = Array.from({ length: count }, async (_, number) => {
    const program = programs[number % programs.length] as Program
    const body = { echo_string: `number ${number}`, ...input }
    const request = { request_id: `${number}`, body }
    const { status, json } = await ask<Status>(program, '/run', request)
    expect(status).toBe(202)
    return [json.action_id, body.echo_string] as const
  })
  return new Map(await Promise.all(begun))
}

/** Every action has its own result, each completed once, and no run was begun twice under one number. */
async function checkAll(program: Program, expected: Map<string, string>): Promise<void> {
  const unfinished = async (): Promise<Status[]> =>
    (await ask<Status[]>(program, '/actions?status=active,inactive')).json
  await eventually(async () => (await unfinished()).length === 0, 60_000)
  const checks = [...expected].map(async ([id, text]) => {
    const { json: status } = await ask<Status>(program, `/${id}/status`)
    expect(status).toMatchObject({ status: 'SUCCEEDED', details: { hello: text } })
    const { json } = await ask<{ entries: { code: string; description: string }[] }>(
      program,
      `/${id}/log?limit=100`,
    )
    const started = json.entries
      .filter(({ code }) => code === 'Started')
      .map(({ description }) => description)
    expect(new Set(started).size).toBe(started.length)
  })
  await Promise.all(checks)
}

/** Two processes start one after the other, and many actions end, on a machine that may have more to do. */
const timeout = 90_000

/** Work that holds its place, and is taken over; work that sleeps, which nobody holds. */
const KINDS = [
  ['that work', greeter, { work_time: 3 }],
  ['that sleep', helloWorld, { sleep_time: 8 }],
] as const

test.each(KINDS)(
  'on SQLite, 200 actions %s outlive a kill -9 of their process',
  {
    timeout,
  },
  async (what, program, input) => {
    const database = `sqlite:${join(folder, `${what}.db`)}`
    const first = await start(program, database)
    const actions = await runMany([first], 200, input)
    await first.signal('SIGKILL')
    const second = await start(program, database)
    await checkAll(second, actions)
    await second.signal('SIGTERM')
  },
)

test.each(KINDS)(
  'on PostgreSQL, 200 actions %s, of two instances, outlive a kill -9 of one',
  {
    timeout,
  },
  async (_what, program, input) => {
    const postgres = await startPostgres()
    try {
      const [killed, survivor] = (await Promise.all([
        start(program, postgres.url),
        start(program, postgres.url),
      ])) as [Program, Program]
      const actions = await runMany([killed, survivor], 200, input)
      await killed.signal('SIGKILL')
      await checkAll(survivor, actions)
      expect(await survivor.signal('SIGTERM')).toEqual({ code: 0, signal: null })
    } finally {
      await postgres.close()
    }
  },
)
