import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../packages/action-provider-tools/test/postgres.ts'
import { eventually } from './eventually.ts'
import { type Globus, type Program, startGlobus, startProgram, witness } from './program.ts'

const MINUTE = 60_000

let globus: Globus
let postgres: TestPostgres
let token: string
beforeAll(async () => {
  ;[globus, postgres] = await Promise.all([startGlobus(), startPostgres()])
  token = await globus.token('alice')
})
afterAll(() => Promise.all([globus.close(), postgres.close()]))

/** Starts an instance on a machine whose clock is wrong. */
const start = (role: string, shift: number): Promise<Program> =>
  startProgram(witness, {
    ...globus.environment,
    DATABASE_URL: postgres.url,
    ROLE: role,
    LOG_LEVEL: 'warn',
    CLOCK_SHIFT: `${shift}`,
    NODE_OPTIONS: `--import=${fileURLToPath(new URL('shift-clock.ts', import.meta.url))}`,
  })

type Status = { action_id: string; status: string; start_time: string; completion_time?: string }

async function ask(
  program: Program,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: Status }> {
  const response = await fetch(`${program.url}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, json: (await response.json()) as Status }
}

test('instances whose clocks are ten minutes apart go by the one of the database', async () => {
  const programs = await Promise.all([start('serve', 5 * MINUTE), start('work', -5 * MINUTE)])
  const [serves, works] = programs
  const before = Date.now()
  // Both deadlines are over by the clock of the instance that serves.
  const deadline = new Date(before + 4 * MINUTE).toISOString()
  const { status, json } = await ask(serves, '/run', {
    request_id: 'one',
    body: { work_time: 0 },
    deadline,
  })
  expect(status).toBe(202)
  const seen = await eventually(async () => {
    const { completion_time, ...rest } = (await ask(serves, `/${json.action_id}/status`)).json
    return completion_time !== undefined && { ...rest, completion_time }
  })
  expect(seen.status).toBe('SUCCEEDED')
  for (const time of [seen.start_time, seen.completion_time]) {
    expect(Math.abs(Date.parse(time) - before)).toBeLessThan(MINUTE)
  }
  for (const [program, words] of [
    [serves, 'The clock of this machine is 300 s ahead of'],
    [works, 'The clock of this machine is 300 s behind'],
  ] as const) {
    await program.signal('SIGTERM')
    expect(program.output().stdout + program.output().stderr).toContain(words)
  }
})
