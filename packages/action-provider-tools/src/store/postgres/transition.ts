import { accessTo } from '../access.ts'
import type { Change, CurrentAction, Hold, StoredAction, StoreEvent } from '../action-store.ts'
import { changed, current, type Write } from '../changes.ts'
import { STATUS_CODES } from '../codes.ts'
import type { Recent } from '../recent.ts'
import { DATABASE_TIME, type Times } from './clock.ts'
import { addCounts, SHARD } from './counts.ts'
import type { Database } from './database.ts'
import { storeError } from './failures.ts'
import { inBatches } from './group-commit.ts'
import { logRow } from './logs.ts'
import type { Notifications } from './notifications.ts'
import { remove } from './removal.ts'
import { ACTION_COLUMNS, type ActionRow, actionOf, CHANGING_COLUMNS, changingValues, keyOf } from './rows.ts'
import { type Statement, statement } from './statement.ts'

const FIND: Statement = {
  name: 'find',
  text: `SELECT ${ACTION_COLUMNS} FROM action_provider.actions a
    WHERE a.action_id = ANY($1::uuid[]) AND (a.release_at IS NULL OR a.release_at > $2)`,
}

/** As FIND, where an instance holds the job of the action under a lease. */
const FIND_HELD = statement(
  'find-held',
  { holds: { action_id: 'uuid', holder: 'text', lease: 'integer' }, now: 'float8' },
  ({ holds, now }) => `SELECT ${ACTION_COLUMNS}, j.lease AS held FROM ${holds.rows}
    JOIN action_provider.jobs j
      ON j.action_id = holds.action_id AND j.holder = holds.holder AND j.lease = holds.lease
    JOIN action_provider.actions a ON a.action_id = holds.action_id
    WHERE a.release_at IS NULL OR a.release_at > ${now}`,
)

/**
 * Changes those actions that nobody has changed since they were read, and whose job is still held where that was asked
 * for. Everybody locks actions, and then jobs, in one order, so that no two batches wait for each other.
 */
const CHANGE = statement(
  'change',
  {
    wanted: {
      action_id: 'uuid',
      ...CHANGING_COLUMNS,
      /** Whose job it must be, and under which lease: null where that does not matter. */
      holder: 'text',
      held: 'integer',
    },
    holds: { action_id: 'uuid' },
    access: {
      action_id: 'uuid',
      provider: 'text',
      role: 'smallint',
      principal: 'bytea',
      before: 'smallint',
      status: 'smallint',
      release_at: 'float8',
    },
    log: { action_id: 'uuid', time: 'float8', entry: 'text', number: 'integer' },
    sealed: { action_id: 'uuid', secret: 'bytea' },
    erased: { action_id: 'uuid' },
    queued: { action_id: 'uuid', due_at: 'float8', left_by: 'text' },
    done: { action_id: 'uuid' },
    notifications: { action_id: 'uuid', payload: 'text' },
  },
  (given) => `WITH wanted AS MATERIALIZED (
      SELECT * FROM ${given.wanted.rows}
    ), locked AS MATERIALIZED (
      SELECT a.action_id, a.status FROM wanted w
      JOIN action_provider.actions a ON a.action_id = w.action_id AND a.version = w.version
      ORDER BY a.action_id FOR UPDATE OF a
    ), held AS MATERIALIZED (
      SELECT j.action_id, j.holder, j.lease FROM action_provider.jobs j
      WHERE j.action_id = ANY(${given.queued.action_id} || ${given.done.action_id} || ${given.holds.action_id})
        AND (SELECT count(*) FROM locked) > 0
      ORDER BY j.action_id FOR UPDATE
    ), changed AS (
      UPDATE action_provider.actions a SET version = a.version + 1, status = w.status,
        document = COALESCE(w.document, a.document), attempt = w.attempt, runs_on = w.runs_on,
        cancel_requested_at = w.cancel_requested_at, release_at = w.release_at, lease = w.lease, report = w.report,
        failures = w.failures, cancel_requested_by = w.cancel_requested_by, resumed_by = w.resumed_by
      FROM wanted w JOIN locked l ON l.action_id = w.action_id
      WHERE a.action_id = w.action_id AND (w.holder IS NULL OR EXISTS (
        SELECT FROM held h WHERE h.action_id = w.action_id AND h.holder = w.holder AND h.lease = w.held))
      RETURNING a.action_id, a.provider, a.creator_id, a.job_key, a.status, a.lease, l.status AS before
    ), moved AS (
      UPDATE action_provider.access x SET status = access.status, release_at = access.release_at
      FROM ${given.access.rows}
      JOIN changed c ON c.action_id = access.action_id
      WHERE x.provider = access.provider AND x.role = access.role AND x.principal = access.principal
        AND x.status = access.before AND x.action_id = access.action_id
    ), logged AS (
      INSERT INTO action_provider.log (action_id, time, entry)
      SELECT log.action_id, log.time, log.entry FROM ${given.log.rows}
      JOIN changed c ON c.action_id = log.action_id ORDER BY log.number
    ), sealing AS (
      INSERT INTO action_provider.secrets (action_id, secret)
      SELECT sealed.action_id, sealed.secret FROM ${given.sealed.rows}
      JOIN changed c ON c.action_id = sealed.action_id
      ON CONFLICT (action_id) DO UPDATE SET secret = excluded.secret
    ), erasing AS (
      DELETE FROM action_provider.secrets s USING ${given.erased.rows}, changed c
      WHERE c.action_id = erased.action_id AND s.action_id = erased.action_id
    ), queueing AS (
      INSERT INTO action_provider.jobs (action_id, provider, caller, key, due_at, left_by, lease)
      SELECT c.action_id, c.provider, c.creator_id, c.job_key, COALESCE(queued.due_at, ${DATABASE_TIME}), queued.left_by, c.lease
      FROM ${given.queued.rows}
      JOIN changed c ON c.action_id = queued.action_id WHERE (SELECT count(*) FROM held) >= 0
      ON CONFLICT (action_id) DO UPDATE SET due_at = excluded.due_at, left_by = excluded.left_by, holder = NULL,
        lease_until = NULL
    ), ending AS (
      DELETE FROM action_provider.jobs j USING ${given.done.rows}, changed c
      WHERE c.action_id = done.action_id AND j.action_id = done.action_id AND (SELECT count(*) FROM held) >= 0
    ), counted AS (
      ${addCounts(`SELECT provider, ${SHARD}, sum((status = 0)::int - (before = 0)::int),
        sum((status = 1)::int - (before = 1)::int), sum((status = 2)::int - (before = 2)::int),
        sum((status = 3)::int - (before = 3)::int)
      FROM changed WHERE status <> before GROUP BY provider ORDER BY provider`)}
    ), told AS (
      SELECT count(pg_notify('action_provider', notifications.payload))
      FROM ${given.notifications.rows} JOIN changed c ON c.action_id = notifications.action_id
    )
    SELECT action_id FROM changed, told`,
)

/** Finds and changes single actions. Those that are asked for at the same moment share a statement. */
type Transitions = {
  find: (provider: string, actionId: string) => Promise<StoredAction | undefined>
  transition: (
    provider: string,
    actionId: string,
    decide: (current: CurrentAction) => Change | undefined,
    hold?: Hold,
  ) => Promise<StoredAction | undefined>
}

type WantedRow = Parameters<typeof CHANGE.values>[0]['wanted'][number]

/** An action as it was read, and what is to become of it. */
type Step = {
  before: StoredAction
  change: Change
  write: Write
  events: StoreEvent[]
  hold: Hold | undefined
}

/** @param recent actions whose work runs, as they were last seen here */
export function prepareTransition(
  database: Database,
  notifications: Notifications,
  { now, due }: Times,
  recent: Recent,
): Transitions {
  const findById = inBatches(async (ids: readonly string[]) => {
    const rows = await database.query<ActionRow>(FIND, [[...new Set(ids)], now()])
    const byId = new Map(rows.map((row) => [row.action_id, row]))
    return ids.map((id) => byId.get(id))
  })

  const findHeld = inBatches(async (asked: readonly { actionId: string; hold: Hold }[]) => {
    const holds = asked.map(({ actionId, hold }) => ({
      action_id: actionId,
      holder: hold.instance,
      lease: hold.lease,
    }))
    const values = FIND_HELD.values({ holds, now: now() })
    const rows = await database.query<ActionRow & { held: number }>(FIND_HELD, values)
    const byHold = new Map(rows.map((row) => [`${row.action_id} ${row.held}`, row]))
    return asked.map(({ actionId, hold }) => byHold.get(`${actionId} ${hold.lease}`))
  })

  /** Resolves with whether nobody had changed the action since it was read, and its job was held where it had to be. */
  const apply = inBatches(async (steps: readonly Step[]) => {
    // Only one of the steps that begin at the same action can be made.
    const distinct = new Map(steps.map((step) => [step.before.action_id, step]))
    const values = CHANGE.values(rowsOf([...distinct.values()], notifications, due))
    const rows = await database.query<{ action_id: string }>(CHANGE, values)
    const made = new Set(rows.map((row) => row.action_id))
    return steps.map(
      (step) => made.has(step.before.action_id) && distinct.get(step.before.action_id) === step,
    )
  })

  async function find(provider: string, actionId: string, hold?: Hold): Promise<StoredAction | undefined> {
    const row = await (hold ? findHeld({ actionId, hold }) : findById(actionId))
    return row?.provider === provider ? actionOf(row) : undefined
  }

  /** Makes a change, unless somebody has changed the action since it was read: then it resolves with nothing. */
  async function make(step: Step): Promise<StoredAction | undefined> {
    const { action, log } = step.write
    if (!(await apply(step))) return undefined
    if (action.runs_on !== undefined) recent.keep(action)
    for (const event of step.events) notifications.notify(action.provider, event)
    notifications.tell(action.action_id, { action, logged: log.length > 0 })
    return action
  }

  /**
   * Changes an action whose work runs here without reading it: most of the time it is as it was last seen. Resolves with nothing
   * where it is not, or nothing follows from what was seen.
   */
  async function changeSeen(
    provider: string,
    actionId: string,
    decide: (current: CurrentAction) => Change | undefined,
    hold: Hold | undefined,
  ): Promise<StoredAction | undefined> {
    const seen = recent.get(actionId)
    if (seen?.provider !== provider) return undefined
    recent.forget(actionId)
    const change = decideOnSeen(seen, decide)
    return change && make(stepOf(seen, change, hold, now()))
  }

  return {
    find,
    async transition(provider, actionId, decide, hold) {
      const after = await changeSeen(provider, actionId, decide, hold)
      if (after) return after
      for (;;) {
        const before = await find(provider, actionId, hold)
        if (before === undefined) return undefined
        const change = decide(current(before))
        if (change === undefined) return before
        if (change.release) {
          const removed = await database.transaction((query) => remove(query, [before]))
          if (removed !== 1) continue
          notifications.tell(before.action_id, { logged: false })
          return before
        }
        const made = await make(stepOf(before, change, hold, now()))
        if (made) return made
      }
    },
  }
}

/** What is decided of an action as it was last seen; a refusal is not believed before it is read. */
function decideOnSeen(
  seen: StoredAction,
  decide: (current: CurrentAction) => Change | undefined,
): Change | undefined {
  try {
    const change = decide(current(seen))
    return change?.release ? undefined : change
  } catch {
    return undefined
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

function rowsOf(
  steps: readonly Step[],
  { payload }: Notifications,
  due: Times['due'],
): Parameters<typeof CHANGE.values>[0] {
  const idsOf = (wanted: (step: Step) => boolean): { action_id: string }[] =>
    steps.filter(wanted).map(({ before: { action_id } }) => ({ action_id }))
  return {
    wanted: steps.map(wantedRow),
    holds: idsOf(({ hold }) => hold !== undefined),
    access: steps.filter(isListedAnew).flatMap(({ before, write: { action } }) =>
      accessTo(before).map((key) => ({
        ...keyOf(before),
        ...key,
        before: STATUS_CODES[before.status],
        status: STATUS_CODES[action.status],
        release_at: action.release_at,
      })),
    ),
    log: steps
      .flatMap(({ before, write }) => write.log.map((entry) => logRow(before.action_id, entry)))
      .map((row, number) => ({ ...row, number })),
    sealed: steps.flatMap(({ before: { action_id }, write: { secret } }) =>
      secret ? [{ action_id, secret }] : [],
    ),
    erased: idsOf(({ write }) => write.secret === null),
    queued: steps.flatMap(({ before: { action_id }, write: { job } }) =>
      job ? [{ action_id, due_at: due(job.due_at), left_by: job.left_by }] : [],
    ),
    done: idsOf(({ write }) => write.job === null),
    notifications: steps.flatMap(({ before: { action_id, provider }, events }) =>
      events.map((event) => ({ action_id, payload: payload(provider, event) })),
    ),
  }
}

function wantedRow({ before, change, write: { action }, hold }: Step): WantedRow {
  return {
    ...changingValues(action),
    action_id: before.action_id,
    // The version that the action must have.
    version: before.version,
    // Null leaves the document that is there.
    document: change.status && action.document,
    holder: hold?.instance,
    held: hold?.lease,
  }
}

/** Whether a list shows an action in another place, or no longer. */
function isListedAnew({ before, write: { action } }: Step): boolean {
  return action.status !== before.status || action.release_at !== before.release_at
}
