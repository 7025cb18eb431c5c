import { uuidText } from '../../action/keys.ts'
import { isComplete } from '../../documents/action-status.ts'
import { accessTo } from '../access.ts'
import type { Creation, NewAction, Repetition, StoredAction } from '../action-store.ts'
import { created, onceInline, type Write } from '../changes.ts'
import { STATUS_CODES } from '../codes.ts'
import { DATABASE_TIME, type Times } from './clock.ts'
import { addCounts, SHARD } from './counts.ts'
import type { Database, Query } from './database.ts'
import { inBatches } from './group-commit.ts'
import { logRow } from './logs.ts'
import type { Notifications } from './notifications.ts'
import { remove } from './removal.ts'
import {
  ACTION_COLUMNS,
  type ActionRow,
  actionOf,
  CHANGING_COLUMNS,
  changingValues,
  keyOf,
  writeList,
} from './rows.ts'
import { type Statement, statement } from './statement.ts'

/** Gives a row to each request that is the first of its key. Another request has that row, or will when its transaction ends. */
const CLAIM = statement(
  'claim',
  { requests: { request_key: 'uuid', action_id: 'uuid', content_hash: 'bytea', request: 'text' } },
  ({ requests }) => `INSERT INTO action_provider.requests (request_key, action_id, content_hash, request)
    SELECT * FROM ${requests.rows}
    ON CONFLICT (request_key) DO NOTHING
    RETURNING action_id`,
)

/** The columns of an action, as it is recorded. */
const ACTIONS = {
  action_id: 'uuid',
  request_key: 'uuid',
  provider: 'text',
  creator_id: 'text',
  monitor_by: 'text',
  manage_by: 'text',
  deadline_at: 'float8',
  work_version: 'text',
  ...CHANGING_COLUMNS,
} as const

const RECORD = statement(
  'record',
  {
    actions: ACTIONS,
    access: {
      action_id: 'uuid',
      provider: 'text',
      role: 'smallint',
      principal: 'bytea',
      status: 'smallint',
      release_at: 'float8',
    },
    log: { action_id: 'uuid', time: 'float8', entry: 'text' },
    secrets: { action_id: 'uuid', secret: 'bytea' },
    jobs: {
      action_id: 'uuid',
      provider: 'text',
      caller: 'text',
      due_at: 'float8',
      holder: 'text',
      lease: 'integer',
    },
    lease: 'float8',
    notifications: { payload: 'text' },
  },
  ({ actions, access, log, secrets, jobs, lease, notifications }) => `WITH recorded AS (
      INSERT INTO action_provider.actions (${Object.keys(ACTIONS).join(', ')})
      SELECT * FROM ${actions.rows}
      RETURNING provider, status
    ), opened AS (
      INSERT INTO action_provider.access (action_id, provider, role, principal, status, release_at)
      SELECT * FROM ${access.rows}
    ), logged AS (
      INSERT INTO action_provider.log (action_id, time, entry) SELECT * FROM ${log.rows}
    ), sealed AS (
      INSERT INTO action_provider.secrets (action_id, secret) SELECT * FROM ${secrets.rows}
    ), queued AS (
      INSERT INTO action_provider.jobs (action_id, provider, caller, due_at, holder, lease, lease_until)
      SELECT jobs.action_id, jobs.provider, jobs.caller, COALESCE(jobs.due_at, ${DATABASE_TIME}), jobs.holder, jobs.lease,
        CASE WHEN jobs.holder IS NOT NULL THEN COALESCE(jobs.due_at, ${DATABASE_TIME}) + ${lease} END
      FROM ${jobs.rows}
    ), counted AS (
      ${addCounts(`SELECT provider, ${SHARD}, count(*) FILTER (WHERE status = 0), count(*) FILTER (WHERE status = 1),
        count(*) FILTER (WHERE status = 2), count(*) FILTER (WHERE status = 3)
      FROM recorded GROUP BY provider ORDER BY provider`)}
    )
    SELECT pg_notify('action_provider', payload) FROM ${notifications.rows}`,
)

const FIND_BY_KEY: Statement = {
  name: 'find-by-key',
  text: `SELECT r.request_key, r.content_hash, ${ACTION_COLUMNS}
    FROM action_provider.requests r JOIN action_provider.actions a ON a.action_id = r.action_id
    WHERE r.request_key = ANY($1::uuid[])`,
}

type FoundRow = ActionRow & { request_key: string; content_hash: Buffer }

/** A request on its way to become an action. */
type Candidate = { newAction: NewAction; key: string }

/** What a transaction made of a candidate; one that found no action to repeat, or a released one, must try again. */
type Verdict = Creation | { outcome: 'again'; released?: StoredAction }

/**
 * Records actions. Those of the same moment share a transaction, so that one write to disk makes many durable. The primary key of
 * the requests decides which is the first of its key: where another transaction is about to insert the same key, this
 * one waits for it to end. All instances insert keys in the same order, so that no two wait for each other.
 */
export function prepareCreate(
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
    const requests = batch.map(({ key, newAction: { action_id, content_hash, request } }) => ({
      request_key: key,
      action_id,
      content_hash,
      request: JSON.stringify(request),
    }))
    const claimed = await query<{ action_id: string }>(CLAIM, CLAIM.values({ requests }))
    const first = new Set(claimed.map((row) => row.action_id))
    const verdicts = new Map<Candidate, Verdict>()
    const at = now()
    const writes = batch
      .filter(({ newAction }) => first.has(newAction.action_id))
      .map((candidate) => {
        const write = created(candidate.newAction, at)
        verdicts.set(candidate, { outcome: 'created', action: write.action })
        return { key: candidate.key, write }
      })
    if (writes.length > 0) await query(RECORD, RECORD.values(rowsOf(writes)))

    const repeats = batch.filter((candidate) => !verdicts.has(candidate))
    if (repeats.length > 0) {
      const found = await query<FoundRow>(FIND_BY_KEY, [[...new Set(repeats.map(({ key }) => key))]])
      const byKey = new Map(found.map((row) => [row.request_key, row]))
      for (const repeat of repeats) verdicts.set(repeat, verdictOf(repeat, byKey.get(repeat.key), at))
    }
    return verdicts
  }

  /** The rows of new actions, and who is told of them. */
  function rowsOf(writes: readonly { key: string; write: Write }[]): Parameters<typeof RECORD.values>[0] {
    const jobs = writes.flatMap(({ write: { action, job } }) => (job ? [{ action, job }] : []))
    const due = jobs.filter(({ job }) => job.holder === undefined).map(({ action }) => action.provider)
    return {
      actions: writes.map(({ key, write }) => actionRow(key, write.action)),
      access: writes.flatMap(({ write: { action } }) =>
        accessTo(action).map((key) => ({
          ...keyOf(action),
          ...key,
          status: STATUS_CODES[action.status],
          release_at: action.release_at,
        })),
      ),
      log: writes.flatMap(({ write }) => write.log.map((entry) => logRow(write.action.action_id, entry))),
      secrets: writes.flatMap(({ write: { action, secret } }) =>
        secret ? [{ action_id: action.action_id, secret }] : [],
      ),
      jobs: jobs.map(({ action, job }) => ({
        ...keyOf(action),
        caller: action.creator_id,
        due_at: times.due(job.due_at),
        holder: job.holder,
        lease: action.lease,
      })),
      lease: times.lease,
      notifications: [...new Set(due)].map((provider) => ({
        payload: notifications.payload(provider, { kind: 'job' }),
      })),
    }
  }

  return async (newAction) => {
    const candidate: Candidate = { newAction: onceInline(newAction), key: uuidText(newAction.request_key) }
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
        notifications.notify(newAction.provider, { kind: 'job' })
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

/** The action of a row, if its time is over by then. */
function releasedBy(row: FoundRow, at: number): StoredAction | undefined {
  const action = actionOf(row)
  return action.release_at !== undefined && action.release_at <= at ? action : undefined
}

/** What a request is whose key has a row. */
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

function actionRow(request_key: string, action: StoredAction): { [Column in keyof typeof ACTIONS]: unknown } {
  return {
    ...keyOf(action),
    request_key,
    creator_id: action.creator_id,
    monitor_by: writeList(action.monitor_by),
    manage_by: writeList(action.manage_by),
    deadline_at: action.deadline_at,
    work_version: action.work_version,
    ...changingValues(action),
  }
}
