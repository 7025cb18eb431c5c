import { accessKeysOf } from '../access.ts'
import type { Change, Hold, StoredAction, StoreEvent } from '../action-store.ts'
import type { Write } from '../changes.ts'
import { STATUS_CODES } from '../codes.ts'
import { DATABASE_TIME, type Times } from './clock.ts'
import { addCounts, SHARD } from './counts.ts'
import { logRow } from './logs.ts'
import type { Notifications } from './notifications.ts'
import { CHANGING_COLUMNS, changingValues, keyOf } from './rows.ts'
import { statement } from './statement.ts'

/**
 * Changes actions, if nobody has changed them since they were read and, where required, the job is still
 * held. All statements lock actions and then jobs in the same order, so that batches cannot deadlock.
 */
export const CHANGE = statement(
  'change',
  {
    wanted: {
      action_id: 'uuid',
      ...CHANGING_COLUMNS,
      /** The required holder and lease of the job; null if any will do. */
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
    steps: { action_id: 'uuid', name: 'text', sealed: 'bytea' },
    events: { action_id: 'uuid', event: 'text', delivery: 'bytea', sealed: 'bytea', number: 'integer' },
    ended: { action_id: 'uuid' },
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
        failures = w.failures, events = w.events, cancel_requested_by = w.cancel_requested_by, resumed_by = w.resumed_by
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
    ), stepping AS (
      INSERT INTO action_provider.steps (action_id, name, sealed)
      SELECT steps.action_id, steps.name, steps.sealed FROM ${given.steps.rows}
      JOIN changed c ON c.action_id = steps.action_id
      ON CONFLICT (action_id, name) DO UPDATE SET sealed = excluded.sealed
    ), coming AS (
      INSERT INTO action_provider.events (action_id, event, delivery, sealed)
      SELECT events.action_id, events.event, events.delivery, events.sealed FROM ${given.events.rows}
      JOIN changed c ON c.action_id = events.action_id
      WHERE events.sealed IS NOT NULL ORDER BY events.number
      ON CONFLICT (action_id, event, delivery) DO NOTHING
    ), taking_back AS (
      DELETE FROM action_provider.events e USING ${given.events.rows}, changed c
      WHERE c.action_id = events.action_id AND e.action_id = events.action_id AND e.event = events.event
        AND e.delivery = events.delivery AND events.sealed IS NULL
    ), erasing_steps AS (
      DELETE FROM action_provider.steps s USING ${given.ended.rows}, changed c
      WHERE c.action_id = ended.action_id AND s.action_id = ended.action_id
    ), erasing_events AS (
      DELETE FROM action_provider.events e USING ${given.ended.rows}, changed c
      WHERE c.action_id = ended.action_id AND e.action_id = ended.action_id
    ), queueing AS (
      INSERT INTO action_provider.jobs (action_id, provider, caller, key, due_at, left_by, lease)
      SELECT c.action_id, c.provider, c.creator_id, c.job_key, COALESCE(queued.due_at, ${DATABASE_TIME}), queued.left_by,
        c.lease
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

type WantedRow = Parameters<typeof CHANGE.values>[0]['wanted'][number]

/** A change of one action: the action as read, the change, and the rows to write. */
export type ActionChange = {
  before: StoredAction
  change: Change
  write: Write
  events: StoreEvent[]
  hold: Hold | undefined
}

/** The values of CHANGE. */
export function rowsOf(
  steps: readonly ActionChange[],
  { payload }: Notifications,
  due: Times['due'],
): Parameters<typeof CHANGE.values>[0] {
  const idsOf = (wanted: (step: ActionChange) => boolean): { action_id: string }[] =>
    steps.filter(wanted).map(({ before: { action_id } }) => ({ action_id }))
  return {
    wanted: steps.map(wantedRow),
    holds: idsOf(({ hold }) => hold !== undefined),
    access: steps.filter(changesLists).flatMap(({ before, write: { action } }) =>
      accessKeysOf(before).map((key) => ({
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
    steps: steps.flatMap(({ before: { action_id }, write }) =>
      (write.steps ?? []).map((step) => ({ action_id, ...step })),
    ),
    events: steps
      .flatMap(({ before: { action_id }, write }) =>
        (write.events ?? []).map((event) => ({ action_id, ...event })),
      )
      .map((row, number) => ({ ...row, number })),
    ended: idsOf(({ write }) => write.steps === null),
    queued: steps.flatMap(({ before: { action_id }, write: { job } }) =>
      job ? [{ action_id, due_at: due(job.due_at), left_by: job.left_by }] : [],
    ),
    done: idsOf(({ write }) => write.job === null),
    notifications: steps.flatMap(({ before: { action_id, provider }, events }) =>
      events.map((event) => ({ action_id, payload: payload(provider, event) })),
    ),
  }
}

function wantedRow({ before, change, write: { action }, hold }: ActionChange): WantedRow {
  return {
    ...changingValues(action),
    action_id: before.action_id,
    // The version that the action must still have.
    version: before.version,
    // Null leaves the document.
    document: change.status && action.document,
    holder: hold?.instance,
    held: hold?.lease,
  }
}

/** Whether the rows of the lists change: by status, or by release. */
function changesLists({ before, write: { action } }: ActionChange): boolean {
  return action.status !== before.status || action.release_at !== before.release_at
}
