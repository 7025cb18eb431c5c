import { uuidText } from '../../action/keys.ts'
import { isComplete } from '../../documents/action-status.ts'
import { parseTime } from '../../documents/time.ts'
import type { Creation, NewAction, Repetition, Settlement, StoredAction } from '../action-store.ts'
import { created, type Write } from '../changes.ts'
import { STATUS_CODES } from '../codes.ts'
import { accessTo } from './access.ts'
import { DATABASE_TIME, type Times } from './clock.ts'
import type { Database, Query, Statement } from './database.ts'
import { inBatches } from './group-commit.ts'
import type { Notifications } from './notifications.ts'
import { remove } from './removal.ts'
import { ACTION_COLUMNS, type ActionRow, actionOf, writeList } from './rows.ts'

/** A request that is the first of its key gets a row; for any other there is one, or will be once that transaction has ended. */
const CLAIM: Statement = {
  name: 'claim',
  text: `INSERT INTO action_provider.requests (request_key, action_id, content_hash, request)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::text[])
    ON CONFLICT (request_key) DO NOTHING
    RETURNING action_id`,
}

const RECORD: Statement = {
  name: 'record',
  text: `WITH recorded AS (
      INSERT INTO action_provider.actions (action_id, request_key, provider, creator_id, monitor_by, manage_by, status,
        document, version, attempt, runs_on, cancel_requested_at, deadline_at, release_at, lease, report,
        failures, cancel_requested_by, resumed_by)
      SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[],
        $8::text[], $9::integer[], $10::integer[], $11::text[], $12::float8[], $13::float8[], $14::float8[],
        $30::integer[], $31::integer[], $34::integer[], $35::text[], $36::text[])
      RETURNING provider, status
    ), opened AS (
      INSERT INTO action_provider.access (action_id, provider, role, principal, status, release_at)
      SELECT * FROM unnest($15::uuid[], $16::text[], $17::smallint[], $18::bytea[], $19::smallint[], $20::float8[])
    ), logged AS (
      INSERT INTO action_provider.log (action_id, time, entry)
      SELECT * FROM unnest($21::uuid[], $22::float8[], $23::text[])
    ), sealed AS (
      INSERT INTO action_provider.secrets (action_id, secret) SELECT * FROM unnest($24::uuid[], $25::bytea[])
    ), queued AS (
      INSERT INTO action_provider.jobs (action_id, provider, due_at, holder, lease, lease_until)
      SELECT q.action_id, q.provider, COALESCE(q.due_at, ${DATABASE_TIME}), q.holder, q.lease,
        CASE WHEN q.holder IS NOT NULL THEN COALESCE(q.due_at, ${DATABASE_TIME}) + $37::float8 END
      FROM unnest($26::uuid[], $27::text[], $28::float8[], $32::text[], $33::integer[])
        AS q(action_id, provider, due_at, holder, lease)
    ), tallied AS (
      INSERT INTO action_provider.tallies AS t (provider, shard, active, inactive, succeeded, failed)
      SELECT provider, pg_backend_pid() & 63, count(*) FILTER (WHERE status = 0), count(*) FILTER (WHERE status = 1),
        count(*) FILTER (WHERE status = 2), count(*) FILTER (WHERE status = 3)
      FROM recorded GROUP BY provider ORDER BY provider
      ON CONFLICT (provider, shard) DO UPDATE SET active = t.active + excluded.active,
        inactive = t.inactive + excluded.inactive, succeeded = t.succeeded + excluded.succeeded,
        failed = t.failed + excluded.failed
    )
    SELECT pg_notify('action_provider', payload) FROM unnest($29::text[]) AS payload`,
}

const FIND_BY_KEY: Statement = {
  name: 'find-by-key',
  text: `SELECT r.request_key, r.content_hash, ${ACTION_COLUMNS}
    FROM action_provider.requests r JOIN action_provider.actions a ON a.action_id = r.action_id
    WHERE r.request_key = ANY($1::uuid[])`,
}

type FoundRow = ActionRow & { request_key: string; content_hash: Buffer }

/** A request on its way to become an action. */
type Candidate = { newAction: NewAction; key: string; settle: (() => Settlement | undefined) | undefined }

/** What a transaction made of a candidate; one that found no action to repeat, or a released one, must try again. */
type Verdict = Creation | { outcome: 'again'; released?: StoredAction }

/**
 * Records actions, all of a moment in one transaction, so that one write to disk makes many durable. The primary key of
 * the requests decides which is the first of its kind: where another transaction is about to insert the same key, this
 * one waits for it to end. Keys are inserted in one order everywhere, so that no two wait for each other.
 */
export function createCreates(
  database: Database,
  notifications: Notifications,
  times: Times,
): (newAction: NewAction) => Promise<Creation> {
  const { now } = times
  const decide = inBatches(async (candidates: readonly Candidate[]): Promise<Verdict[]> => {
    const batch = [...candidates].sort((a, b) => (a.key < b.key ? -1 : 1))
    const verdicts = await database.transaction((query) => decideAll(query, batch))
    return candidates.map((candidate) => verdicts.get(candidate) ?? { outcome: 'again' })
  })

  async function decideAll(query: Query, batch: readonly Candidate[]): Promise<Map<Candidate, Verdict>> {
    const claimed = await query<{ action_id: string }>(CLAIM, [
      batch.map(({ key }) => key),
      batch.map(({ newAction }) => newAction.action_id),
      batch.map(({ newAction }) => newAction.content_hash),
      batch.map(({ newAction }) => JSON.stringify(newAction.request)),
    ])
    const first = new Set(claimed.map((row) => row.action_id))
    const verdicts = new Map<Candidate, Verdict>()
    const at = now()
    const writes = batch
      .filter(({ newAction }) => first.has(newAction.action_id))
      .map((candidate) => {
        const { newAction, key, settle } = candidate
        const write = created({ ...newAction, ...(settle && { settle }) }, at)
        verdicts.set(candidate, { outcome: 'created', action: write.action })
        return { key, write }
      })
    if (writes.length > 0)
      await query(RECORD, [...recordValues(writes, payloadsFor(writes), times.due), times.lease])

    const repeats = batch.filter((candidate) => !verdicts.has(candidate))
    if (repeats.length > 0) {
      const found = await query<FoundRow>(FIND_BY_KEY, [[...new Set(repeats.map(({ key }) => key))]])
      const byKey = new Map(found.map((row) => [row.request_key, row]))
      for (const repeat of repeats) verdicts.set(repeat, verdictOf(repeat, byKey.get(repeat.key), at))
    }
    return verdicts
  }

  /** Which providers have work that is due. */
  function payloadsFor(writes: readonly { write: Write }[]): string[] {
    const due = writes.filter(({ write }) => write.job && write.job.holder === undefined)
    return [...new Set(due.map(({ write }) => write.action.provider))].map((provider) =>
      notifications.payload(provider, { kind: 'job' }),
    )
  }

  return async (newAction) => {
    const { settle } = newAction
    const candidate: Candidate = {
      newAction,
      key: uuidText(newAction.request_key),
      settle: settle && once(settle),
    }
    for (;;) {
      const verdict = await decide(candidate)
      if (verdict.outcome === 'again') {
        if (verdict.released) {
          const { released } = verdict
          await database.transaction((query) => remove(query, [released]))
        }
        continue
      }
      if (verdict.outcome === 'created' && newAction.job && !isComplete(verdict.action.status)) {
        notifications.tell(newAction.provider, { kind: 'job' })
      }
      return verdict
    }
  }
}

function verdictOf({ newAction }: Candidate, row: FoundRow | undefined, at: number): Verdict {
  if (row === undefined) return { outcome: 'again' }
  const released = releasedBy(row, at)
  return released ? { outcome: 'again', released } : repetition(row, newAction.content_hash)
}

/** The action of a row that counts as released by then. */
function releasedBy(row: FoundRow, at: number): StoredAction | undefined {
  const action = actionOf(row)
  return action.release_at !== undefined && action.release_at <= at ? action : undefined
}

/** What a row makes of a request that has its key. */
function repetition(row: FoundRow, contentHash: Uint8Array): Repetition {
  return row.content_hash.equals(contentHash)
    ? { outcome: 'repeated', action: actionOf(row) }
    : { outcome: 'conflict' }
}

/** What the key of a request stands for already. */
export async function findByKey(
  database: Database,
  requestKey: Uint8Array,
  contentHash: Uint8Array,
  at: number,
): Promise<Repetition | undefined> {
  const [row] = await database.query<FoundRow>(FIND_BY_KEY, [[uuidText(requestKey)]])
  return row && !releasedBy(row, at) ? repetition(row, contentHash) : undefined
}

/** A transaction may be tried again; what it settled must be settled once. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function recordValues(
  writes: readonly { key: string; write: Write }[],
  payloads: string[],
  due: Times['due'],
): unknown[] {
  const actions = writes.map(({ write }) => write.action)
  const column = <T>(value: (action: StoredAction) => T): T[] => actions.map(value)
  const access = actions.flatMap(accessTo)
  const log = writes.flatMap(({ write }) => write.log.map((entry) => ({ write, entry })))
  const sealed = writes.filter(({ write }) => write.secret)
  const queued = writes.flatMap(({ write: { action, job } }) => (job ? [{ action, job }] : []))
  return [
    column((action) => action.action_id),
    writes.map(({ key }) => key),
    column((action) => action.provider),
    column((action) => action.creator_id),
    column((action) => writeList(action.monitor_by)),
    column((action) => writeList(action.manage_by)),
    column((action) => STATUS_CODES[action.status]),
    column((action) => action.document),
    column((action) => action.version),
    column((action) => action.attempt),
    column((action) => action.runs_on),
    column((action) => action.cancel_requested_at),
    column((action) => action.deadline_at),
    column((action) => action.release_at),
    access.map(({ action }) => action.action_id),
    access.map(({ action }) => action.provider),
    access.map(({ role }) => role),
    access.map(({ principal }) => principal),
    access.map(({ action }) => STATUS_CODES[action.status]),
    access.map(({ action }) => action.release_at),
    log.map(({ write }) => write.action.action_id),
    log.map(({ entry }) => parseTime(entry.time)),
    log.map(({ entry }) => JSON.stringify(entry)),
    sealed.map(({ write }) => write.action.action_id),
    sealed.map(({ write }) => write.secret),
    queued.map(({ action }) => action.action_id),
    queued.map(({ action }) => action.provider),
    queued.map(({ job }) => due(job.due_at)),
    payloads,
    column((action) => action.lease),
    column((action) => action.report),
    queued.map(({ job }) => job.holder),
    queued.map(({ action }) => action.lease),
    column((action) => action.failures),
    column((action) => action.cancel_requested_by),
    column((action) => action.resumed_by),
  ]
}
