import type { Client } from 'pg'
import type { OpeningOptions, Source } from '../moving/dialect.ts'
import { createChunks, type Moved, type MovedAction } from '../moving/line.ts'
import { assertAlone, connect, NO_REQUEST } from './moving.ts'
import { assertImported } from './opening.ts'
import { eventsOf, STEPS_AND_EVENTS, type StepsAndEventsRow, stepsOf } from './requests.ts'
import { ACTION_COLUMNS, type ActionRow, actionOf } from './rows.ts'

/** How many rows one fetch reads. */
const PAGE = 100

/**
 * Opens a database for export, in one transaction that sees only what was committed before it began.
 * @throws StoreUnusable if the database cannot be reached, or if instances are connected and `whileRunning`
 * is not set
 */
export async function openSource(url: string, options: OpeningOptions = {}): Promise<Source> {
  const client = await connect(url, options.log)
  try {
    await assertImported(client)
    if (!options.whileRunning) {
      await assertAlone(client, ', or export what there is at this moment with --while-running')
    }
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    return { kind: 'postgres', moving: () => read(client), close: () => client.end() }
  } catch (error) {
    await client.end()
    throw error
  }
}

type ReadRow = ActionRow & {
  request_key: string
  job_key: string
  content_hash: Buffer
  request: string
  secret: Buffer | null
  due_at: number | null
  job_lease: number | null
} & StepsAndEventsRow
type EntryRow = { action_id: string; entry: string }

const ACTIONS_IN_ORDER = `SELECT ${ACTION_COLUMNS}, a.request_key, a.job_key, r.content_hash, r.request, s.secret, j.due_at, j.lease AS job_lease,
    ${STEPS_AND_EVENTS}
  FROM action_provider.actions a JOIN action_provider.requests r ON r.request_key = a.request_key
  LEFT JOIN action_provider.secrets s ON s.action_id = a.action_id
  LEFT JOIN action_provider.jobs j ON j.action_id = a.action_id
  ORDER BY a.action_id`

const LOG_IN_ORDER = 'SELECT action_id, entry FROM action_provider.log ORDER BY action_id, number'

/** Reads the actions and the log side by side: both are in the order of action ids. */
async function* read(client: Client): AsyncGenerator<Moved> {
  const actions = rowsOf<ReadRow>(client, 'actions_in_order', ACTIONS_IN_ORDER)
  const log = rowsOf<EntryRow>(client, 'log_in_order', LOG_IN_ORDER)
  let entry = await log.next()
  for await (const row of actions) {
    // Log entries of removed actions are left out.
    while (!entry.done && entry.value.action_id < row.action_id) entry = await log.next()
    const chunks = createChunks()
    let first = true
    const line = (part: string[]): Moved => {
      if (!first) return { action_id: row.action_id, log: part }
      first = false
      return movedOf(row, part)
    }
    for (; !entry.done && entry.value.action_id === row.action_id; entry = await log.next()) {
      const full = chunks.add(entry.value.entry)
      if (full) yield line(full)
    }
    yield line(chunks.rest())
  }
}

function movedOf(row: ReadRow, log: string[]): MovedAction {
  const { request_key, content_hash, request, secret, due_at, job_lease, job_key } = row
  return {
    action: actionOf(row),
    request_key,
    content_hash,
    ...(request !== NO_REQUEST && { request }),
    ...(secret !== null && { secret }),
    ...(due_at !== null && { job: { due_at: Math.ceil(due_at), lease: job_lease ?? 0 } }),
    ...(job_key !== '' && { job_key }),
    steps: stepsOf(row),
    delivered: eventsOf(row),
    log,
  }
}

/** The rows of a query, fetched page by page. */
async function* rowsOf<Row extends object>(client: Client, name: string, text: string): AsyncGenerator<Row> {
  await client.query(`DECLARE ${name} NO SCROLL CURSOR FOR ${text}`)
  for (;;) {
    const { rows } = await client.query<Row>(`FETCH ${PAGE} FROM ${name}`)
    if (rows.length === 0) return
    yield* rows
  }
}
