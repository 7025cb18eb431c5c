import { setTimeout as pause } from 'node:timers/promises'
import { type ActionStore, identityURN, openStore } from 'action-provider-tools'
import { startPostgres } from '../../packages/action-provider-tools/test/postgres.ts'
import { ask, type Bench, type Group, newDatabase, startProvider } from '../bench.ts'
import type { Figure } from '../figure.ts'
import { newAction } from '../fill.ts'
import type { Server } from '../process.ts'

/** How many actions sleep, how many wake together, and how many of one caller wait before the other's first. */
const SLEEPERS = 100_000
const WAKERS = 1_000
const WAITING = 10_000

const AT_ONCE = 32
const HOUR = 3_600_000

/** Actions that sleep: what they cost meanwhile, and how soon they go on; and one caller's first action behind many of another. */
export const sleeping: Group = {
  name: 'sleeping',
  async measure(bench) {
    const postgres = await startPostgres({ fsync: 'on' })
    bench.opened.defer(postgres.close)
    const figures: Figure[] = []
    for (const [name, url] of [
      ['SQLite', () => newDatabase(bench)],
      ['PostgreSQL', (part: string) => postgres.createDatabase(part)],
    ] as const) {
      figures.push(await memoryFigure(bench, name, await url('asleep')))
      figures.push(...(await wakeFigures(bench, name, await url('waking'))))
      figures.push(await fairnessFigure(bench, name, await url('fair')))
    }
    return figures
  },
}

/** What an instance takes more with so many sleeping actions in its database than with none. */
async function memoryFigure(bench: Bench, database: string, url: string): Promise<Figure> {
  const idle = await usage(bench, url)
  const store = await openStore(url)
  await sleepers(store)
  await store.close()
  const full = await usage(bench, url)
  return {
    name: `memory of ${SLEEPERS.toLocaleString('en')} sleeping actions, ${database}`,
    unit: 'MB',
    measured: Math.max(0, full.rss - idle.rss),
    must: { most: 50 },
    note: `alive after a collection: ${idle.alive.toFixed(1)} MB without them, ${full.alive.toFixed(1)} with them`,
    detail: { idle, full },
  }
}

/** What an instance uses that has looked for work a few times. */
async function usage(bench: Bench, url: string): Promise<Awaited<ReturnType<Server['usage']>>> {
  await using opened = new AsyncDisposableStack()
  const server = await startProvider({ ...bench, opened }, 'sleeping', { DATABASE_URL: url })
  await pause(5_000)
  return server.usage('memory')
}

/** Writes actions as they are while their work sleeps for an hour. */
async function sleepers(store: ActionStore): Promise<void> {
  const [creator, now] = [identityURN('237f86a9-770f-8674-90db-b102d3ad42d4'), Date.now()]
  await forEach(SLEEPERS, 512, async () => {
    const { runInline: _, ...action } = newAction('sleeping', creator, now)
    await store.create({ ...action, job: true })
    await store.transition('sleeping', action.action_id, () => ({ job: { due_at: now + HOUR } }))
  })
}

/** How long after its time each of many that wake together goes on. */
async function wakeFigures(bench: Bench, database: string, url: string): Promise<Figure[]> {
  const server = await startProvider(bench, 'sleeping', { DATABASE_URL: url })
  const token = await bench.globus.token()
  // Long enough that all of them are suspended by then.
  const until = Date.now() + 20_000
  const ids: string[] = []
  await forEach(WAKERS, AT_ONCE, async (index) => {
    ids.push(await run(server, token, `${index}`, { until }))
  })
  if (Date.now() > until - 6_000) throw new Error('The machine is too busy: actions did not sleep in time')
  await pause(until - Date.now())
  const late: number[] = []
  await forEach(WAKERS, AT_ONCE, async (index) => {
    late.push((await untilDone(server, token, ids[index] ?? '')) - until)
  })
  late.sort((a, b) => a - b)
  const at = (part: number): number => late[Math.floor(part * (late.length - 1))] ?? Number.NaN
  return [
    { name: 'median', part: 0.5 },
    { name: 'p99', part: 0.99 },
  ].map(({ name, part }) => ({
    name: `wake-up delay of ${WAKERS.toLocaleString('en')} at once, ${name}, ${database}`,
    unit: 'ms',
    measured: at(part),
    must: { most: 1_000 },
  }))
}

/** How long a caller's first action waits behind so many of another's, all places taken. */
async function fairnessFigure(bench: Bench, database: string, url: string): Promise<Figure> {
  const server = await startProvider(bench, 'sleeping', { DATABASE_URL: url })
  const many = await bench.globus.token()
  await forEach(WAITING, AT_ONCE, (index) => run(server, many, `${index}`, { busy: 1_000 }))
  const other = await bench.globus.token('bob')
  // Who it is has been found out by then.
  await ask(server, other, 'GET', '/actions')
  const delays: number[] = []
  for (let round = 0; round < 10; round++) {
    const asked = Date.now()
    const id = await run(server, other, `other ${round}`, {})
    delays.push((await untilDone(server, other, id)) - asked)
  }
  return {
    name: `a caller's first action behind ${WAITING.toLocaleString('en')} of another's, ${database}`,
    unit: 'ms',
    measured: Math.max(...delays),
    must: { most: 1_000 },
    note: 'from the request to the beginning of its work, the longest of ten times; 100 places, each taken for a second',
    detail: delays,
  }
}

async function run(server: Server, token: string, request_id: string, body: object): Promise<string> {
  const { text } = await ask(server, token, 'POST', '/run', { request_id, body })
  return JSON.parse(text).action_id
}

/** Resolves with when the work of an action went on, once it is SUCCEEDED. */
async function untilDone(server: Server, token: string, id: string): Promise<number> {
  for (;;) {
    const { text } = await ask(server, token, 'GET', `/${id}/status`, undefined, { prefer: 'wait=20' })
    const { status, details } = JSON.parse(text)
    if (status === 'SUCCEEDED') return details.at
    if (status === 'FAILED') throw new Error(`The work failed: ${text}`)
  }
}

async function forEach(
  count: number,
  width: number,
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await act(next++)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
