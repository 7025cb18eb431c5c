import type { ActionLogEntry } from '../documents/log-page.ts'
import { ActionNotFound } from '../errors.ts'
import { backoff } from '../retry.ts'
import type { Connection, Question, Reply } from './connection.ts'
import { readLogPage, type Status } from './documents.ts'
import { failure } from './failure.ts'
import { NetworkFailure } from './network-failure.ts'
import { type RequestOptions, sleep } from './repeat.ts'

/** An update of an action: its status, or an entry of its log. */
export type Update<Details> =
  | { type: 'status'; status: Status<Details> }
  | { type: 'log'; entry: ActionLogEntry }

/** Options of `updates`. */
export type UpdatesOptions = RequestOptions & {
  /** Include its log, each entry once (default true). */
  log?: boolean
}

/** How an action is followed, by what is made of that. */
export type FollowOptions = RequestOptions & {
  log: boolean
  since?: string | undefined
  throughInactive: boolean
}

/** Asks for the status of an action; `waited` says whether the provider held its answer until the end of the action. */
export type Look<Details> = (question: Question) => Promise<{ status: Status<Details>; waited: boolean }>

/** How long to wait between two looks: short at first, as most actions are, and ever longer. All in milliseconds. */
export const pace = { first: 1_000, growth: 1.25, longest: 30_000 } as const

/** The parts of an action that following it needs. */
export type Followed<Details> = {
  connection: Connection
  /** The path of its updates. */
  path: string
  /** Whether an answer about it came before. */
  isKnown: boolean
  /** Takes in a status that was read. */
  hear: (reply: Reply) => Promise<Status<Details>>
  look: Look<Details>
  /** Reads its log from a time on. */
  read: (since: string | undefined) => AsyncIterable<ActionLogEntry>
}

/** The answers of a provider without updates, such as those of the Python toolkit. */
const NOT_THERE: ReadonlySet<number> = new Set([404, 405, 406, 501])

/** Who lets its callers wait so long for the first event gathers what it should send at once, as some proxies do. In milliseconds. */
const GATHERS = 10_000

/**
 * Yields the updates of an action until it is over: each entry of its log, and its status at first and at each change. If the
 * provider has updates, they are read as they come, and a broken stream is resumed. Otherwise the action is polled. The client
 * finds out once which of the two it is.
 *
 * @throws what a look does; the signal's reason
 */
export async function* follow<Details>(
  action: Followed<Details>,
  options: FollowOptions,
): AsyncGenerator<Update<Details>> {
  if (action.connection.hasUpdates !== false && (yield* stream(action, options))) return
  yield* poll(action, options)
}

/** Returns whether the action is over; `false` where it must be polled. */
async function* stream<Details>(
  { connection, path, hear }: Followed<Details>,
  { signal, retry, log, throughInactive, since }: FollowOptions,
): AsyncGenerator<Update<Details>, boolean> {
  const query = log ? {} : { events: 'status' }
  const question = { path, query, signal, events: true }
  let lastEventId: string | undefined
  const open = async (): Promise<Reply | undefined> => {
    const started = Date.now()
    try {
      // What is wrong at the beginning a look finds out too, and repeats as it may be repeated.
      return await connection.ask({ ...question, retry: { ...retry, limit: 1 } })
    } catch (error) {
      if (!(error instanceof NetworkFailure)) throw error
      if (Date.now() - started > GATHERS) connection.hasUpdates = false
      return undefined
    }
  }
  const openAgain = (): Promise<Reply> =>
    connection.ask({
      ...question,
      retry,
      repeats: 'patiently',
      headers: { 'last-event-id': lastEventId ?? '' },
    })

  let reply = await open()
  if (reply?.events === undefined) {
    if (reply && lacksUpdates(reply)) connection.hasUpdates = false
    return false
  }
  const from = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since)
  for (let failures = 1; ; failures++) {
    try {
      for await (const { event, json, id } of reply.events ?? []) {
        failures = 0
        const told = { ...reply, json }
        if (event === 'status') {
          const status = await hear(told)
          lastEventId = id
          yield { type: 'status', status }
          if (isOver(status, throughInactive)) return true
        } else if (event === 'log') {
          lastEventId = id
          const [entry] = readLogPage({ ...told, json: [json] }).entries
          if (entry && !(Date.parse(entry.time) < from)) yield { type: 'log', entry }
        }
      }
    } catch (error) {
      if (!(error instanceof NetworkFailure)) throw error
    }
    await sleep(backoff(failures, connection.backoff(retry)), signal)
    reply = await openAgain()
    if (reply.status === 204) return true
    if (reply.events === undefined) throw failure(reply)
  }
}

/** Whether an answer is that of a provider without updates, rather than one about the action. */
function lacksUpdates(reply: Reply): boolean {
  if (reply.status < 400) return true
  return NOT_THERE.has(reply.status) && !(failure(reply) instanceof ActionNotFound)
}

/**
 * Polls an action. Each time, it reads the log from the time of the last entry, because more entries of that time may have come
 * since. It yields no entry twice.
 */
async function* poll<Details>(
  { look, read, isKnown }: Followed<Details>,
  { signal, retry, log, since, throughInactive }: FollowOptions,
): AsyncGenerator<Update<Details>> {
  let from = since
  let given = new Map<string, number>()
  let last: Status<Details> | undefined
  for (let pause: number = pace.first; ; ) {
    const asked = Date.now()
    // One that is INACTIVE answers at once, and whoever reads a log looks at it meanwhile.
    const wait = log || last?.status === 'INACTIVE' ? undefined : HELD
    // A provider that was never there is not one that was lost.
    const repeats = isKnown || last !== undefined ? 'patiently' : 'always'
    const { status, waited } = await look({ signal, retry, wait, repeats })
    last = status
    const seen = new Map<string, number>()
    for await (const entry of log ? read(from) : []) {
      const key = JSON.stringify(entry)
      const count = (seen.get(key) ?? 0) + 1
      seen.set(key, count)
      from = entry.time || from
      if (count <= (given.get(key) ?? 0)) continue
      pause = pace.first
      yield { type: 'log', entry }
    }
    given = seen
    yield { type: 'status', status }
    if (isOver(status, throughInactive)) return
    // Even one that holds its answers is not asked again and again at once.
    await sleep(waited ? Math.max(0, pace.first - (Date.now() - asked)) : pause, signal)
    if (!waited) pause = nextPause(pause)
  }
}

/** Seconds that a provider may hold an answer: less than what is between cuts off. */
const HELD = 20

/** @example nextPause(1_000) // 1_250 */
export function nextPause(pause: number): number {
  return Math.min(pace.longest, pause * pace.growth)
}

/** Whether there is nothing more to wait for. */
export function isOver({ status }: Pick<Status, 'status'>, throughInactive: boolean): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED' || (status === 'INACTIVE' && !throughInactive)
}
