import { parseTime } from '../../documents/time.ts'
import type { Change, StoredAction } from '../action-store.ts'
import { changed, type Write } from '../changes.ts'
import { STATUS_CODES } from '../codes.ts'
import { accessTo } from './access.ts'
import type { Database, Statement } from './database.ts'
import type { Notifications } from './notifications.ts'
import { remove } from './removal.ts'
import { ACTION_COLUMNS, type ActionRow, actionOf } from './rows.ts'

const FIND: Statement = {
  name: 'find',
  text: `SELECT ${ACTION_COLUMNS} FROM action_provider.actions a
    WHERE a.action_id = $1 AND a.provider = $2 AND (a.release_at IS NULL OR a.release_at > $3)`,
}

/** One statement for every change: what does not change is passed as nothing, and costs next to nothing. */
const CHANGE: Statement = {
  name: 'change',
  text: `WITH changed AS (
      UPDATE action_provider.actions SET version = version + 1, status = $4, document = COALESCE($5, document),
        attempt = $6, runs_on = $7, cancel_requested_at = $8, release_at = $9
      WHERE action_id = $1 AND version = $2
      RETURNING action_id
    ), moved AS (
      UPDATE action_provider.access x SET status = $4, release_at = $9
      FROM unnest($10::smallint[], $11::bytea[]) AS k(role, principal)
      WHERE x.provider = $3 AND x.role = k.role AND x.principal = k.principal AND x.status = $12::smallint
        AND x.action_id = $1 AND EXISTS (SELECT FROM changed)
    ), logged AS (
      INSERT INTO action_provider.log (action_id, time, entry)
      SELECT $1, entry.time, entry.text FROM unnest($13::float8[], $14::text[]) AS entry(time, text)
      WHERE EXISTS (SELECT FROM changed)
    ), sealed AS (
      INSERT INTO action_provider.secrets (action_id, secret)
      SELECT action_id, $15::bytea FROM changed WHERE $15::bytea IS NOT NULL
      ON CONFLICT (action_id) DO UPDATE SET secret = excluded.secret
    ), erased AS (
      DELETE FROM action_provider.secrets WHERE $16::boolean AND action_id = $1 AND EXISTS (SELECT FROM changed)
    ), queued AS (
      INSERT INTO action_provider.jobs (action_id, provider, due_at)
      SELECT action_id, $3, $17::float8 FROM changed WHERE $17::float8 IS NOT NULL
      ON CONFLICT (action_id) DO UPDATE SET due_at = excluded.due_at, holder = NULL, lease_until = NULL
    ), done AS (
      DELETE FROM action_provider.jobs WHERE $18::boolean AND action_id = $1 AND EXISTS (SELECT FROM changed)
    ), tallied AS (
      INSERT INTO action_provider.tallies AS t (provider, shard, active, inactive, succeeded, failed)
      SELECT $3, pg_backend_pid() & 63, ($4 = 0)::int - ($12 = 0)::int, ($4 = 1)::int - ($12 = 1)::int,
        ($4 = 2)::int - ($12 = 2)::int, ($4 = 3)::int - ($12 = 3)::int
      FROM changed WHERE $4 <> $12
      ON CONFLICT (provider, shard) DO UPDATE SET active = t.active + excluded.active,
        inactive = t.inactive + excluded.inactive, succeeded = t.succeeded + excluded.succeeded,
        failed = t.failed + excluded.failed
    )
    SELECT (SELECT count(pg_notify('action_provider', payload)) FROM unnest($19::text[]) AS payload) FROM changed`,
}

/** Finds and changes single actions. */
export type Transitions = {
  find: (provider: string, actionId: string) => Promise<StoredAction | undefined>
  transition: (
    provider: string,
    actionId: string,
    decide: (current: StoredAction) => Change | undefined,
  ) => Promise<StoredAction | undefined>
}

export function createTransitions(
  database: Database,
  notifications: Notifications,
  now: () => number,
): Transitions {
  async function find(provider: string, actionId: string): Promise<StoredAction | undefined> {
    const [row] = await database.query<ActionRow>(FIND, [actionId, provider, now()])
    return row && actionOf(row)
  }

  /** Resolves with whether nobody has changed the action since it was read. */
  async function write(current: StoredAction, change: Change): Promise<StoredAction | undefined> {
    if (change.release) {
      const removed = await database.transaction((query) => remove(query, [current]))
      return removed === 1 ? current : undefined
    }
    const written = changed(current, change)
    const events = eventsOf(current, written, now())
    const payloads = events.map((event) => notifications.payload(current.provider, event))
    const rows = await database.query(CHANGE, changeValues(current, written, change, payloads))
    if (rows.length === 0) return undefined
    for (const event of events) notifications.tell(current.provider, event)
    return written.action
  }

  return {
    find,
    async transition(provider, actionId, decide) {
      for (;;) {
        const current = await find(provider, actionId)
        if (current === undefined) return undefined
        const change = decide(current)
        if (change === undefined) return current
        const after = await write(current, change)
        if (after !== undefined) return after
      }
    },
  }
}

/** What others want to know of a change. */
function eventsOf(
  current: StoredAction,
  { action, jobDueAt }: Write,
  at: number,
): ({ kind: 'job' } | { kind: 'cancel'; action_id: string })[] {
  const canceled =
    action.cancel_requested_at !== undefined && action.cancel_requested_at !== current.cancel_requested_at
  return [
    ...(typeof jobDueAt === 'number' && jobDueAt <= at ? [{ kind: 'job' as const }] : []),
    ...(canceled ? [{ kind: 'cancel' as const, action_id: action.action_id }] : []),
  ]
}

function changeValues(
  current: StoredAction,
  { action, log, secret, jobDueAt }: Write,
  change: Change,
  payloads: readonly string[],
): unknown[] {
  const listed = action.status !== current.status || action.release_at !== current.release_at
  const access = listed ? accessTo(current) : []
  return [
    current.action_id,
    current.version,
    current.provider,
    STATUS_CODES[action.status],
    change.status && action.document,
    action.attempt,
    action.runs_on,
    action.cancel_requested_at,
    action.release_at,
    access.map(({ role }) => role),
    access.map(({ principal }) => principal),
    STATUS_CODES[current.status],
    log.map((entry) => parseTime(entry.time)),
    log.map((entry) => JSON.stringify(entry)),
    secret,
    secret === null,
    jobDueAt,
    jobDueAt === null,
    payloads,
  ]
}
