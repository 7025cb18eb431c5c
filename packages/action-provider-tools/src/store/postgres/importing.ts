import type { Client } from 'pg'
import { parseTime } from '../../documents/time.ts'
import { StoreUnusable } from '../../errors.ts'
import { STATUSES } from '../codes.ts'
import type { OpeningOptions, Progress, Target } from '../moving/dialect.ts'
import type { Moved } from '../moving/line.ts'
import { emptyTotals, type Totals } from '../moving/totals.ts'
import { byStatus } from './counts.ts'
import { assertAlone, connect, NO_REQUEST } from './moving.ts'
import { ACCESS_COLUMNS, accessRows, RECORDED_COLUMNS, REQUEST_COLUMNS, recordedValues } from './rows.ts'
import { statement } from './statement.ts'

const IMPORT = `CREATE TABLE IF NOT EXISTS action_provider.import (
  id integer PRIMARY KEY CHECK (id = 1), export_id text NOT NULL, lines bigint NOT NULL, sha256 text NOT NULL, complete boolean NOT NULL
)`

/** The advisory lock of imports: "import a" in ASCII. */
const LOCK = '7596273270889160801'

/**
 * Opens a database for import.
 * @throws StoreUnusable if the database cannot be reached, or another import is under way
 */
export async function openTarget(url: string, options: OpeningOptions = {}): Promise<Target> {
  const client = await connect(url, options.log)
  const { rows } = await client.query<{ alone: boolean }>('SELECT pg_try_advisory_lock($1) AS alone', [LOCK])
  if (!rows[0]?.alone) {
    await client.end()
    throw new StoreUnusable('Another import into the database is under way: wait for it, or stop it')
  }
  await client.query('SET enable_seqscan = on')

  async function note({ export_id, lines, sha256, complete }: Progress): Promise<void> {
    await client.query(
      `INSERT INTO action_provider.import VALUES (1, $1, $2, $3, $4)
        ON CONFLICT (id) DO UPDATE SET export_id = $1, lines = $2, sha256 = $3, complete = $4`,
      [export_id, lines, sha256, complete],
    )
  }
  async function inTransaction(work: () => Promise<void>): Promise<void> {
    await client.query('BEGIN')
    try {
      await work()
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      throw error
    }
  }

  return {
    async progress() {
      const known = await client.query("SELECT 1 WHERE to_regclass('action_provider.import') IS NOT NULL")
      if (known.rows.length === 0) return undefined
      const found = await client.query<Progress>(
        'SELECT export_id, lines::float8 AS lines, sha256, complete FROM action_provider.import',
      )
      return found.rows[0]
    },
    async isEmpty() {
      const found = await client.query('SELECT 1 FROM action_provider.actions LIMIT 1')
      return found.rows.length === 0
    },
    async begin(progress) {
      await assertAlone(client)
      await inTransaction(async () => {
        await client.query(IMPORT)
        await note(progress)
      })
      // Instances that open the database from now on are refused; those that opened it before are found here.
      await assertAlone(client)
    },
    write: (moving, progress) =>
      inTransaction(async () => {
        await client.query({ name: WRITE.name, text: WRITE.text, values: WRITE.values(rowsFor(moving)) })
        await note(progress)
      }),
    totals: () => totals(client),
    async finish(progress) {
      await inTransaction(async () => {
        await client.query('DELETE FROM action_provider.counts')
        await client.query(RECOUNT)
        await note(progress)
      })
      for (const table of ['actions', 'requests', 'access', 'log', 'secrets', 'steps', 'events', 'jobs']) {
        await client.query(`ANALYZE action_provider.${table}`)
      }
    },
    close: () => client.end(),
  }
}

const RECOUNT = `INSERT INTO action_provider.counts (provider, shard, active, inactive, succeeded, failed)
  SELECT provider, 0, ${byStatus()}
  FROM action_provider.actions GROUP BY provider`

const WRITE = statement(
  'import',
  {
    actions: RECORDED_COLUMNS,
    requests: REQUEST_COLUMNS,
    access: ACCESS_COLUMNS,
    log: { action_id: 'uuid', time: 'float8', entry: 'text' },
    secrets: { action_id: 'uuid', secret: 'bytea' },
    steps: { action_id: 'uuid', name: 'text', sealed: 'bytea' },
    events: { action_id: 'uuid', event: 'text', delivery: 'bytea', sealed: 'bytea' },
    jobs: {
      action_id: 'uuid',
      provider: 'text',
      caller: 'text',
      key: 'text',
      due_at: 'float8',
      lease: 'integer',
    },
  },
  ({ actions, requests, access, log, secrets, steps, events, jobs }) => `WITH recorded AS (
      INSERT INTO action_provider.actions (${Object.keys(RECORDED_COLUMNS).join(', ')}) SELECT * FROM ${actions.rows}
    ), asked AS (
      INSERT INTO action_provider.requests (request_key, action_id, content_hash, request) SELECT * FROM ${requests.rows}
    ), opened AS (
      INSERT INTO action_provider.access (action_id, provider, role, principal, status, release_at)
      SELECT * FROM ${access.rows}
    ), logged AS (
      INSERT INTO action_provider.log (action_id, time, entry) SELECT * FROM ${log.rows}
    ), sealed AS (
      INSERT INTO action_provider.secrets (action_id, secret) SELECT * FROM ${secrets.rows}
    ), stepped AS (
      INSERT INTO action_provider.steps (action_id, name, sealed) SELECT * FROM ${steps.rows}
    ), delivered AS (
      INSERT INTO action_provider.events (action_id, event, delivery, sealed) SELECT * FROM ${events.rows}
    )
    INSERT INTO action_provider.jobs (action_id, provider, caller, key, due_at, lease) SELECT * FROM ${jobs.rows}`,
)

/** The rows of all tables for the given lines. */
function rowsFor(moving: readonly Moved[]): Parameters<typeof WRITE.values>[0] {
  const actions = moving.filter((moved) => 'action' in moved)
  return {
    actions: actions.map(({ action, request_key, job_key }) =>
      recordedValues(action, { request_key, job_key }),
    ),
    requests: actions.map(({ action: { action_id }, request_key, content_hash, request }) => ({
      request_key,
      action_id,
      content_hash,
      request: request ?? NO_REQUEST,
    })),
    access: actions.flatMap(({ action }) => accessRows(action)),
    log: moving.flatMap((moved) => {
      const action_id = 'action' in moved ? moved.action.action_id : moved.action_id
      return moved.log.map((entry) => ({
        action_id,
        time: parseTime((JSON.parse(entry) as { time: string }).time),
        entry,
      }))
    }),
    secrets: actions.flatMap(({ action: { action_id }, secret }) => (secret ? [{ action_id, secret }] : [])),
    steps: actions.flatMap(({ action: { action_id }, steps }) =>
      steps.map((step) => ({ action_id, ...step })),
    ),
    events: actions.flatMap(({ action: { action_id }, delivered }) =>
      delivered.map((event) => ({ action_id, ...event })),
    ),
    jobs: actions.flatMap(({ action: { action_id, provider, creator_id }, job, job_key = '' }) =>
      job ? [{ action_id, provider, caller: creator_id, key: job_key, ...job }] : [],
    ),
  }
}

async function totals(client: Client): Promise<Totals> {
  const rowsIn = async (table: string, condition = ''): Promise<number> => {
    const { rows } = await client.query<{ many: number }>(
      `SELECT count(*)::float8 AS many FROM action_provider.${table} ${condition}`,
    )
    return rows[0]?.many ?? 0
  }
  const { rows } = await client.query<{ provider: string; status: number; actions: number }>(
    'SELECT provider, status, count(*)::float8 AS actions FROM action_provider.actions GROUP BY provider, status',
  )
  const found = emptyTotals()
  for (const { provider, status, actions } of rows) {
    const name = STATUSES[status] ?? 'FAILED'
    found.statuses[provider] = { ...found.statuses[provider], [name]: actions }
    found.actions += actions
  }
  return {
    ...found,
    requests: await rowsIn('requests', `WHERE request <> '${NO_REQUEST}'`),
    secrets: await rowsIn('secrets'),
    jobs: await rowsIn('jobs'),
    log_entries: await rowsIn('log'),
    steps: await rowsIn('steps'),
    events: await rowsIn('events'),
  }
}
