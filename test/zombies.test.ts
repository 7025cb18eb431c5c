import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../packages/action-provider-tools/test/postgres.ts'
import { eventually } from './eventually.ts'
import { type DeafSight, gateIn, sightsIn } from './gates.ts'
import { deaf, type Globus, type Program, startGlobus, startProgram } from './program.ts'

let globus: Globus
let postgres: TestPostgres
let folder: string
let token: string
beforeAll(async () => {
  ;[globus, postgres] = await Promise.all([startGlobus(), startPostgres()])
  folder = await mkdtemp(join(tmpdir(), 'zombies-'))
  token = await globus.token('alice')
})
afterAll(async () => {
  await Promise.all([globus.close(), postgres.close()])
  await rm(folder, { recursive: true, force: true })
})

type Status = { action_id: string; status: string; details: { by?: number; done?: number } }
type Log = { entries: { code: string; description: string }[] }

async function ask<T>(program: Program, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${program.url}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  })
  return (await response.json()) as T
}

async function startDeaf(): Promise<Program> {
  const program = await startProgram(deaf, {
    ...globus.environment,
    DATABASE_URL: postgres.url,
    GATES: folder,
    LOG_LEVEL: 'error',
  })
  // A test that fails leaves no process behind that stands still.
  onTestFinished(() => void program.child.kill('SIGKILL'))
  return program
}

/** How many actions a process was seen at. */
async function countOf(what: DeafSight['what'], { child }: Program): Promise<number> {
  const lines = (await readFile(sightsIn(folder), 'utf8').catch(() => '')).trim().split('\n')
  const sights = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as DeafSight)
  return sights.filter((sight) => sight.what === what && sight.process === child.pid).length
}

/** Work that another instance has ended by the time that the first goes on, and work that it has in hand then. */
const INPUTS = ['first', 'second'].flatMap((gate) => [
  { gate, in_step: true, waits: false },
  { gate, in_step: false, waits: false },
  { gate, in_step: true, waits: true },
])

/** What an event brings. */
const GO = { now: true }

const open = (gate: string, { child }: Program): Promise<void> =>
  writeFile(gateIn(folder, gate, child.pid), '')

/** A lease has to end, and the work is done again. */
const timeout = 120_000

test('an instance that stood still for longer than its lease changes nothing any more: no step, event, progress, log or result', {
  timeout,
}, async () => {
  const zombie = await startDeaf()
  const started = await Promise.all(
    INPUTS.map((body, number) => ask<Status>(zombie, '/run', { request_id: `${number}`, body })),
  )
  await eventually(async () => (await countOf('begin', zombie)) === INPUTS.length)
  zombie.child.kill('SIGSTOP')
  const other = await startDeaf()
  const statuses = (): Promise<Status[]> =>
    Promise.all(started.map(({ action_id }) => ask<Status>(other, `/${action_id}/status`)))
  const isDone = ({ status }: Status): boolean => status === 'SUCCEEDED'
  await eventually(
    async () => (await statuses()).every(({ details }) => details.by === other.child.pid),
    60_000,
  )
  // The zombie will find them when it goes on, and may not take them.
  const waiting = started.filter((_, index) => INPUTS[index]?.waits)
  await Promise.all(waiting.map(({ action_id }) => ask(other, `/actions/${action_id}/events/go`, GO)))
  await open('first', other)
  const before = await eventually(async () => {
    const all = await statuses()
    return all.filter(isDone).length === INPUTS.length / 2 && all
  }, 60_000)

  zombie.child.kill('SIGCONT')
  await Promise.all([open('first', zombie), open('second', zombie)])
  // Each of its actions goes on, until nothing is left of them.
  await eventually(async () => (await countOf('woke', zombie)) === INPUTS.length)
  expect(await zombie.signal('SIGTERM')).toEqual({ code: 0, signal: null })
  expect(await statuses()).toEqual(before)

  await open('second', other)
  const after = await eventually(async () => {
    const all = await statuses()
    return all.every(isDone) && all
  })
  const by = other.child.pid
  expect(after.map(({ details }) => details)).toEqual(
    INPUTS.map(({ waits }) => ({ by, done: by, ...(waits && { go: GO }) })),
  )
  expect(after.filter((_, index) => isDone(before[index] as Status))).toEqual(before.filter(isDone))
  for (const [index, { action_id }] of started.entries()) {
    const { entries } = await ask<Log>(other, `/${action_id}/log?limit=100`)
    const { in_step = false, waits = false } = INPUTS[index] ?? {}
    const expected = [...(waits ? ['Wait', 'Event'] : []), ...(in_step ? ['Step'] : []), 'Done']
    expect(entries.map(({ code }) => code)).toEqual(expected)
    expect(entries.at(-1)?.description).toBe(`By ${by}`)
  }
  await other.signal('SIGTERM')
})
