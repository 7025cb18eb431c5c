import type { Job, JobLimits } from '../action-store.ts'
import { QUEUES_A_TURN, type Queue, withinLimits } from '../turns.ts'
import { DATABASE_TIME } from './clock.ts'
import type { Database } from './database.ts'
import { type Statement, statement } from './statement.ts'

/**
 * Instances take jobs with limits one after the other, so that each counts the jobs that the one before took.
 */
const LOCK: Statement = {
  name: 'lock-limits',
  text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 7017280452245626992))',
}

const HELD: Statement = {
  name: 'held-jobs',
  text: 'SELECT caller, key FROM action_provider.jobs WHERE provider = $1 AND holder IS NOT NULL',
}

/** The most due jobs that one query reads. */
const MOST_WAITING = 5_000

/**
 * Due jobs that nobody holds: the first of each queue, then the second of each. The query steps through the
 * index from one queue to the next, starting after the queue served last. A queue without a due job has a row
 * too.
 */
const WAITING = statement(
  'waiting-jobs',
  {
    provider: 'text',
    instance: 'text',
    now: 'float8',
    left: 'float8',
    caller: 'text',
    key: 'text',
    depth: 'bigint',
  },
  ({ provider, instance, now, left, caller, key, depth }) => {
    const isFree = `provider = ${provider} AND holder IS NULL`
    const next = (after: string, until = ''): string => `SELECT caller, key FROM action_provider.jobs
        WHERE ${isFree} AND (caller, key) > ${after} ${until} ORDER BY caller, key LIMIT 1`
    const walk = (name: string, first: string, until: string): string => `${name} AS (
      SELECT caller, key, 1 AS turn FROM (${next(first, until)}) first
      UNION ALL
      SELECT j.caller, j.key, q.turn + 1 FROM ${name} q CROSS JOIN LATERAL (${next('(q.caller, q.key)', until)}) j
      WHERE q.turn < ${QUEUES_A_TURN}
    )`
    const served = `(${caller}, ${key})`
    return `WITH RECURSIVE ${walk('ahead', served, '')}, ${walk('behind', "('', '')", `AND (caller, key) <= ${served}`)},
    queues AS MATERIALIZED (
      SELECT caller, key, turn FROM ahead UNION ALL SELECT caller, key, turn + ${QUEUES_A_TURN} FROM behind
      ORDER BY turn LIMIT ${QUEUES_A_TURN}
    )
    SELECT q.caller, q.key, j.action_id FROM queues q LEFT JOIN LATERAL (
      SELECT action_id, row_number() OVER (ORDER BY due_at) AS nth FROM action_provider.jobs
      WHERE ${isFree} AND caller = q.caller AND key = q.key AND due_at <= COALESCE(${now}, ${DATABASE_TIME})
        AND (left_by IS DISTINCT FROM ${instance} OR due_at <= COALESCE(${now}, ${DATABASE_TIME}) - ${left})
      ORDER BY due_at LIMIT ${depth}
    ) j ON true
    ORDER BY j.nth NULLS LAST, q.turn LIMIT ${MOST_WAITING}`
  },
)

/** Takes the picked jobs, and jobs whose lease has ended: the limits count those already. */
const TAKE_WITHIN = statement(
  'take-within',
  {
    provider: 'text',
    instance: 'text',
    now: 'float8',
    lease: 'float8',
    abandoned: 'bigint',
    picked: { action_id: 'uuid' },
  },
  ({ provider, instance, now, lease, abandoned, picked }) => `WITH next AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs
      WHERE action_id = ANY(${picked.action_id}) AND holder IS NULL
      ORDER BY action_id FOR UPDATE SKIP LOCKED
    ), over AS MATERIALIZED (
      SELECT action_id FROM action_provider.jobs
      WHERE provider = ${provider} AND holder IS NOT NULL AND lease_until <= COALESCE(${now}, ${DATABASE_TIME})
      ORDER BY lease_until LIMIT ${abandoned} FOR UPDATE SKIP LOCKED
    )
    UPDATE action_provider.jobs j SET holder = ${instance}, lease = j.lease + 1,
      lease_until = COALESCE(${now}, ${DATABASE_TIME}) + ${lease}
    FROM (SELECT action_id FROM next UNION ALL SELECT action_id FROM over) taken
    WHERE j.action_id = taken.action_id
    RETURNING j.action_id, j.lease`,
)

/** A request for jobs with limits. With `takesOver`, remaining places go to jobs whose lease has ended. */
export type LimitedTake = {
  provider: string
  instance: string
  limit: number
  limits: JobLimits
  /** Replaces the database's clock. */
  now: number | undefined
  lease: number
  /** How long this instance leaves a job to others, in milliseconds. */
  left: number
  takesOver: boolean
}

/** Takes jobs within limits that count the jobs of all instances. */
export function createLimitedTake(database: Database): (take: LimitedTake) => Promise<Job[]> {
  /** The queue whose job was taken last, by provider. */
  const lastServed = new Map<string, Queue>()

  return ({ provider, instance, limit, limits, takesOver, ...times }) =>
    database.transaction(async (query) => {
      await query(LOCK, [provider])
      const held = await query<Queue>(HELD, [provider])
      const { caller, key } = lastServed.get(provider) ?? { caller: '', key: '' }
      const asked = {
        provider,
        instance,
        caller,
        key,
        depth: Math.min(limit, limits.perCaller ?? limit),
        ...times,
      }
      const rows = await query<Queue & { action_id: string | null }>(WAITING, WAITING.values(asked))
      const waiting = rows.flatMap(({ action_id, ...queue }) => (action_id ? [{ action_id, ...queue }] : []))
      const picked = withinLimits(waiting, held, limits, limit)
      const last = picked.at(-1) ?? rows.at(-1)
      if (last) lastServed.set(provider, { caller: last.caller, key: last.key })
      const abandoned = takesOver ? limit - picked.length : 0
      const given = { provider, instance, abandoned, picked, ...times }
      return query<Job>(TAKE_WITHIN, TAKE_WITHIN.values(given))
    })
}
