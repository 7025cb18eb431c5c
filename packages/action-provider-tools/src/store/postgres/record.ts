import type { NewAction } from '../action-store.ts'
import type { Write } from '../changes.ts'
import { DATABASE_TIME, type Times } from './clock.ts'
import { addCounts, byStatus, SHARD } from './counts.ts'
import { logRow } from './logs.ts'
import type { Notifications } from './notifications.ts'
import {
  ACCESS_COLUMNS,
  accessRows,
  keyOf,
  RECORDED_COLUMNS,
  REQUEST_COLUMNS,
  recordedValues,
} from './rows.ts'
import { statement, type Written } from './statement.ts'

/**
 * Inserts the requests that are the first of their keys. If another transaction is inserting a key, this
 * waits for its end.
 */
const claim = (requests: { rows: string }): string =>
  `INSERT INTO action_provider.requests (request_key, action_id, content_hash, request)
    SELECT * FROM ${requests.rows}
    ON CONFLICT (request_key) DO NOTHING
    RETURNING action_id`

export const CLAIM = statement('claim', { requests: REQUEST_COLUMNS }, ({ requests }) => claim(requests))

const RECORDED = {
  actions: RECORDED_COLUMNS,
  access: ACCESS_COLUMNS,
  log: { action_id: 'uuid', time: 'float8', entry: 'text', number: 'integer' },
  secrets: { action_id: 'uuid', secret: 'bytea' },
  jobs: {
    action_id: 'uuid',
    provider: 'text',
    caller: 'text',
    due_at: 'float8',
    holder: 'text',
    lease: 'integer',
    key: 'text',
  },
  lease: 'float8',
  notifications: { action_id: 'uuid', payload: 'text' },
} as const

/** Keeps only rows that belong to the first request of a key. */
const ofClaimed = (table: string): string => `WHERE ${table}.action_id IN (SELECT action_id FROM claimed)`

/**
 * Records the actions whose requests are the first of their keys, and gives their ids.
 * @param claimed a statement that gives the ids of these requests
 */
function recording(given: Written<typeof RECORDED>, claimed: string): string {
  const { actions, access, log, secrets, jobs, lease, notifications } = given
  return `WITH claimed AS (
      ${claimed}
    ), recorded AS (
      INSERT INTO action_provider.actions (${Object.keys(RECORDED_COLUMNS).join(', ')})
      SELECT * FROM ${actions.rows} ${ofClaimed('actions')}
      RETURNING provider, status
    ), opened AS (
      INSERT INTO action_provider.access (action_id, provider, role, principal, status, release_at)
      SELECT * FROM ${access.rows} ${ofClaimed('access')}
    ), logged AS (
      INSERT INTO action_provider.log (action_id, time, entry)
      SELECT log.action_id, log.time, log.entry FROM ${log.rows} ${ofClaimed('log')} ORDER BY log.number
    ), sealed AS (
      INSERT INTO action_provider.secrets (action_id, secret) SELECT * FROM ${secrets.rows} ${ofClaimed('secrets')}
    ), queued AS (
      INSERT INTO action_provider.jobs (action_id, provider, caller, key, due_at, holder, lease, lease_until)
      SELECT jobs.action_id, jobs.provider, jobs.caller, jobs.key, COALESCE(jobs.due_at, ${DATABASE_TIME}), jobs.holder, jobs.lease,
        CASE WHEN jobs.holder IS NOT NULL THEN COALESCE(jobs.due_at, ${DATABASE_TIME}) + ${lease} END
      FROM ${jobs.rows} ${ofClaimed('jobs')}
    ), counted AS (
      ${addCounts(`SELECT provider, ${SHARD}, ${byStatus()}
      FROM recorded GROUP BY provider ORDER BY provider`)}
    ), told AS (
      SELECT count(pg_notify('action_provider', payload)) FROM (
        SELECT DISTINCT payload FROM ${notifications.rows} ${ofClaimed('notifications')}
      ) due
    )
    SELECT action_id FROM claimed, told`
}

export const RECORD = statement('record', { requests: REQUEST_COLUMNS, ...RECORDED }, (given) =>
  recording(given, claim(given.requests)),
)

export const RECORD_CLAIMED = statement(
  'record-claimed',
  { firsts: { action_id: 'uuid' }, ...RECORDED },
  (given) => recording(given, `SELECT firsts.action_id FROM ${given.firsts.rows}`),
)

export function requestsOf(
  batch: readonly { key: string; newAction: NewAction }[],
): Parameters<typeof CLAIM.values>[0]['requests'] {
  return batch.map(({ key, newAction: { action_id, content_hash, request } }) => ({
    request_key: key,
    action_id,
    content_hash,
    request: JSON.stringify(request),
  }))
}

/** The rows and notifications of new actions. */
export function rowsOf(
  writes: readonly { key: string; newAction: NewAction; write: Write }[],
  notifications: Notifications,
  times: Times,
): Omit<Parameters<typeof RECORD.values>[0], 'requests'> {
  const jobs = writes.flatMap(({ newAction: { job_key = '' }, write: { action, job } }) =>
    job ? [{ action, job, key: job_key }] : [],
  )
  const due = jobs.filter(({ job }) => job.holder === undefined)
  return {
    actions: writes.map(({ key, newAction: { job_key }, write }) =>
      recordedValues(write.action, { request_key: key, job_key }),
    ),
    access: writes.flatMap(({ write }) => accessRows(write.action)),
    log: writes
      .flatMap(({ write }) => write.log.map((entry) => logRow(write.action.action_id, entry)))
      .map((row, number) => ({ ...row, number })),
    secrets: writes.flatMap(({ write: { action, secret } }) =>
      secret ? [{ action_id: action.action_id, secret }] : [],
    ),
    jobs: jobs.map(({ action, job, key }) => ({
      ...keyOf(action),
      caller: action.creator_id,
      due_at: times.due(job.due_at),
      holder: job.holder,
      lease: action.lease,
      key,
    })),
    lease: times.lease,
    notifications: due.map(({ action: { action_id, provider } }) => ({
      action_id,
      payload: notifications.payload(provider, { kind: 'job' }),
    })),
  }
}
