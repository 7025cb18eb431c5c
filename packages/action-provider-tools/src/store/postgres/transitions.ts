import { parseTime } from '../../documents/time.ts'
import type { Change, Hold, StoredAction, StoreEvent } from '../action-store.ts'
import { changed, type Write } from '../changes.ts'
import { STATUS_CODES } from '../codes.ts'
import { accessTo } from './access.ts'
import { DATABASE_TIME, type Times } from './clock.ts'
import type { Database, Statement } from './database.ts'
import { storeError } from './failures.ts'
import { inBatches } from './group-commit.ts'
import type { Notifications } from './notifications.ts'
import { remove } from './removal.ts'
import { ACTION_COLUMNS, type ActionRow, actionOf } from './rows.ts'

const FIND: Statement = {
  name: 'find',
  text: `SELECT ${ACTION_COLUMNS} FROM action_provider.actions a
    WHERE a.action_id = ANY($1::uuid[]) AND (a.release_at IS NULL OR a.release_at > $2)`,
}

/** As FIND, where an instance holds the job of the action under a lease. */
const FIND_HELD: Statement = {
  name: 'find-held',
  text: `SELECT ${ACTION_COLUMNS}, j.lease AS held FROM unnest($1::uuid[], $3::text[], $4::integer[]) AS k(action_id, holder, lease)
    JOIN action_provider.jobs j ON j.action_id = k.action_id AND j.holder = k.holder AND j.lease = k.lease
    JOIN action_provider.actions a ON a.action_id = k.action_id
    WHERE a.release_at IS NULL OR a.release_at > $2`,
}

/**
 * Changes those actions that nobody has changed since they were read, and whose job is still held where that was asked
 * for. Actions, and then jobs, are locked in one order
 * everywhere, so that no two batches wait for each other.
 */
const CHANGE: Statement = {
  name: 'change',
  text: `WITH wanted AS MATERIALIZED (
      SELECT * FROM unnest($1::uuid[], $2::integer[], $3::smallint[], $4::text[], $5::integer[], $6::text[],
        $7::float8[], $8::float8[], $27::integer[], $28::integer[], $29::text[], $30::integer[], $32::integer[], $33::text[], $34::text[]) AS w(action_id,
        version, status, document, attempt, runs_on, cancel_requested_at, release_at, lease, report, holder, held,
        failures, cancel_requested_by, resumed_by)
    ), locked AS MATERIALIZED (
      SELECT a.action_id, a.status FROM wanted w
      JOIN action_provider.actions a ON a.action_id = w.action_id AND a.version = w.version
      ORDER BY a.action_id FOR UPDATE OF a
    ), held AS MATERIALIZED (
      SELECT j.action_id, j.holder, j.lease FROM action_provider.jobs j
      WHERE j.action_id = ANY($22::uuid[] || $24::uuid[] || $31::uuid[]) AND (SELECT count(*) FROM locked) > 0
      ORDER BY j.action_id FOR UPDATE
    ), changed AS (
      UPDATE action_provider.actions a SET version = a.version + 1, status = w.status,
        document = COALESCE(w.document, a.document), attempt = w.attempt, runs_on = w.runs_on,
        cancel_requested_at = w.cancel_requested_at, release_at = w.release_at, lease = w.lease, report = w.report,
        failures = w.failures, cancel_requested_by = w.cancel_requested_by, resumed_by = w.resumed_by
      FROM wanted w JOIN locked l ON l.action_id = w.action_id
      WHERE a.action_id = w.action_id AND (w.holder IS NULL OR EXISTS (
        SELECT FROM held h WHERE h.action_id = w.action_id AND h.holder = w.holder AND h.lease = w.held))
      RETURNING a.action_id, a.provider, a.status, a.lease, l.status AS before
    ), moved AS (
      UPDATE action_provider.access x SET status = k.status, release_at = k.release_at
      FROM unnest($9::uuid[], $10::text[], $11::smallint[], $12::bytea[], $13::smallint[], $14::smallint[], $15::float8[])
        AS k(action_id, provider, role, principal, before, status, release_at)
      JOIN changed c ON c.action_id = k.action_id
      WHERE x.provider = k.provider AND x.role = k.role AND x.principal = k.principal AND x.status = k.before
        AND x.action_id = k.action_id
    ), logged AS (
      INSERT INTO action_provider.log (action_id, time, entry)
      SELECT e.action_id, e.time, e.entry
      FROM unnest($16::uuid[], $17::float8[], $18::text[]) WITH ORDINALITY AS e(action_id, time, entry, number)
      JOIN changed c ON c.action_id = e.action_id ORDER BY e.number
    ), sealed AS (
      INSERT INTO action_provider.secrets (action_id, secret)
      SELECT s.action_id, s.secret FROM unnest($19::uuid[], $20::bytea[]) AS s(action_id, secret)
      JOIN changed c ON c.action_id = s.action_id
      ON CONFLICT (action_id) DO UPDATE SET secret = excluded.secret
    ), erased AS (
      DELETE FROM action_provider.secrets s USING unnest($21::uuid[]) AS e(action_id), changed c
      WHERE c.action_id = e.action_id AND s.action_id = e.action_id
    ), queued AS (
      INSERT INTO action_provider.jobs (action_id, provider, due_at, left_by, lease)
      SELECT c.action_id, c.provider, COALESCE(q.due_at, ${DATABASE_TIME}), q.left_by, c.lease
      FROM unnest($22::uuid[], $23::float8[], $35::text[]) AS q(action_id, due_at, left_by)
      JOIN changed c ON c.action_id = q.action_id WHERE (SELECT count(*) FROM held) >= 0
      ON CONFLICT (action_id) DO UPDATE SET due_at = excluded.due_at, left_by = excluded.left_by, holder = NULL,
        lease_until = NULL
    ), done AS (
      DELETE FROM action_provider.jobs j USING unnest($24::uuid[]) AS d(action_id), changed c
      WHERE c.action_id = d.action_id AND j.action_id = d.action_id AND (SELECT count(*) FROM held) >= 0
    ), tallied AS (
      INSERT INTO action_provider.tallies AS t (provider, shard, active, inactive, succeeded, failed)
      SELECT provider, pg_backend_pid() & 63, sum((status = 0)::int - (before = 0)::int),
        sum((status = 1)::int - (before = 1)::int), sum((status = 2)::int - (before = 2)::int),
        sum((status = 3)::int - (before = 3)::int)
      FROM changed WHERE status <> before GROUP BY provider ORDER BY provider
      ON CONFLICT (provider, shard) DO UPDATE SET active = t.active + excluded.active,
        inactive = t.inactive + excluded.inactive, succeeded = t.succeeded + excluded.succeeded,
        failed = t.failed + excluded.failed
    ), told AS (
      SELECT count(pg_notify('action_provider', n.payload))
      FROM unnest($25::uuid[], $26::text[]) AS n(action_id, payload) JOIN changed c ON c.action_id = n.action_id
    )
    SELECT action_id FROM changed, told`,
}

/** Finds and changes single actions: all of a moment together. */
export type Transitions = {
  find: (provider: string, actionId: string) => Promise<StoredAction | undefined>
  transition: (
    provider: string,
    actionId: string,
    decide: (current: StoredAction) => Change | undefined,
    hold?: Hold,
  ) => Promise<StoredAction | undefined>
}

/** An action as it was read, and what is to become of it. */
type Step = {
  before: StoredAction
  change: Change
  write: Write
  events: StoreEvent[]
  hold: Hold | undefined
}

export function createTransitions(
  database: Database,
  notifications: Notifications,
  { now, due }: Times,
): Transitions {
  const findById = inBatches(async (ids: readonly string[]) => {
    const rows = await database.query<ActionRow>(FIND, [[...new Set(ids)], now()])
    const byId = new Map(rows.map((row) => [row.action_id, row]))
    return ids.map((id) => byId.get(id))
  })

  const findHeld = inBatches(async (asked: readonly { actionId: string; hold: Hold }[]) => {
    const rows = await database.query<ActionRow & { held: number }>(FIND_HELD, [
      asked.map(({ actionId }) => actionId),
      now(),
      asked.map(({ hold }) => hold.instance),
      asked.map(({ hold }) => hold.lease),
    ])
    const byHold = new Map(rows.map((row) => [`${row.action_id} ${row.held}`, row]))
    return asked.map(({ actionId, hold }) => byHold.get(`${actionId} ${hold.lease}`))
  })

  /** Resolves with whether nobody had changed the action since it was read, and its job was held where it had to be. */
  const apply = inBatches(async (steps: readonly Step[]) => {
    // Of steps that begin at the same action only one can be made.
    const distinct = new Map(steps.map((step) => [step.before.action_id, step]))
    const rows = await database.query<{ action_id: string }>(
      CHANGE,
      changeValues([...distinct.values()], notifications, due),
    )
    const made = new Set(rows.map((row) => row.action_id))
    return steps.map(
      (step) => made.has(step.before.action_id) && distinct.get(step.before.action_id) === step,
    )
  })

  async function find(provider: string, actionId: string, hold?: Hold): Promise<StoredAction | undefined> {
    const row = await (hold ? findHeld({ actionId, hold }) : findById(actionId))
    return row?.provider === provider ? actionOf(row) : undefined
  }

  return {
    find,
    async transition(provider, actionId, decide, hold) {
      for (;;) {
        const before = await find(provider, actionId, hold)
        if (before === undefined) return undefined
        const change = decide(before)
        if (change === undefined) return before
        if (change.release) {
          const removed = await database.transaction((query) => remove(query, [before]))
          if (removed === 1) return before
          continue
        }
        const step = stepOf(before, change, hold, now())
        if (!(await apply(step))) continue
        for (const event of step.events) notifications.tell(provider, event)
        return step.write.action
      }
    },
  }
}

/** @throws ActionProviderError when the new status is no JSON */
function stepOf(before: StoredAction, change: Change, hold: Hold | undefined, at: number): Step {
  try {
    const write = changed(before, change)
    return { before, change, write, events: eventsOf(before, write, at), hold }
  } catch (error) {
    throw storeError(error)
  }
}

/** What others want to know of a change. */
function eventsOf(before: StoredAction, { action, job }: Write, at: number): StoreEvent[] {
  const { action_id, cancel_requested_at } = action
  const canceled = cancel_requested_at !== undefined && cancel_requested_at !== before.cancel_requested_at
  return [
    ...(job && job.due_at <= at ? [{ kind: 'job' as const }] : []),
    ...(canceled ? [{ kind: 'cancel' as const, action_id }] : []),
  ]
}

function changeValues(steps: readonly Step[], { payload }: Notifications, due: Times['due']): unknown[] {
  const column = <T>(value: (step: Step) => T): T[] => steps.map(value)
  const idsOf = (some: readonly Step[]): string[] => some.map(({ before }) => before.action_id)
  const access = steps.flatMap((step) =>
    isListedAnew(step) ? accessTo(step.before).map((key) => ({ ...key, of: step })) : [],
  )
  const log = steps.flatMap(({ write }) => write.log.map((entry) => ({ id: write.action.action_id, entry })))
  const sealed = steps.filter(({ write }) => write.secret)
  const queued = steps.filter(({ write }) => write.job)
  const told = steps.flatMap(({ before, events }) => events.map((event) => ({ before, event })))
  return [
    idsOf(steps),
    column(({ before }) => before.version),
    column(({ write }) => STATUS_CODES[write.action.status]),
    column(({ change, write }) => change.status && write.action.document),
    column(({ write }) => write.action.attempt),
    column(({ write }) => write.action.runs_on),
    column(({ write }) => write.action.cancel_requested_at),
    column(({ write }) => write.action.release_at),
    idsOf(access.map(({ of }) => of)),
    access.map(({ of }) => of.before.provider),
    access.map(({ role }) => role),
    access.map(({ principal }) => principal),
    access.map(({ of }) => STATUS_CODES[of.before.status]),
    access.map(({ of }) => STATUS_CODES[of.write.action.status]),
    access.map(({ of }) => of.write.action.release_at),
    log.map(({ id }) => id),
    log.map(({ entry }) => parseTime(entry.time)),
    log.map(({ entry }) => JSON.stringify(entry)),
    idsOf(sealed),
    sealed.map(({ write }) => write.secret),
    idsOf(steps.filter(({ write }) => write.secret === null)),
    idsOf(queued),
    queued.map(({ write }) => write.job && due(write.job.due_at)),
    idsOf(steps.filter(({ write }) => write.job === null)),
    told.map(({ before }) => before.action_id),
    told.map(({ before, event }) => payload(before.provider, event)),
    column(({ write }) => write.action.lease),
    column(({ write }) => write.action.report),
    column(({ hold }) => hold?.instance),
    column(({ hold }) => hold?.lease),
    idsOf(steps.filter(({ hold }) => hold)),
    column(({ write }) => write.action.failures),
    column(({ write }) => write.action.cancel_requested_by),
    column(({ write }) => write.action.resumed_by),
    queued.map(({ write }) => write.job?.left_by),
  ]
}

/** Whether a list shows an action in another place, or no longer. */
function isListedAnew({ before, write: { action } }: Step): boolean {
  return action.status !== before.status || action.release_at !== before.release_at
}
