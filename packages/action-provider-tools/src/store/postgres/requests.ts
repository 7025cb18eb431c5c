import { uuidBytes } from '../../action/keys.ts'
import type { SealedEvent, SealedStep, StoredRequest, StoredWork } from '../action-store.ts'
import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

/** Everything in one statement, so that it is of one moment. */
const GET_WORK: Statement = {
  name: 'get-work',
  text: `SELECT r.request, s.secret,
      ARRAY(SELECT name FROM action_provider.steps t WHERE t.action_id = a.action_id ORDER BY name) AS names,
      ARRAY(SELECT sealed FROM action_provider.steps t WHERE t.action_id = a.action_id ORDER BY name) AS steps,
      ARRAY(SELECT event FROM action_provider.events e WHERE e.action_id = a.action_id ORDER BY number) AS events,
      ARRAY(SELECT delivery FROM action_provider.events e WHERE e.action_id = a.action_id ORDER BY number) AS deliveries,
      ARRAY(SELECT sealed FROM action_provider.events e WHERE e.action_id = a.action_id ORDER BY number) AS "values"
    FROM action_provider.actions a
    JOIN action_provider.requests r ON r.request_key = a.request_key
    LEFT JOIN action_provider.secrets s ON s.action_id = a.action_id
    WHERE a.action_id = $1 AND a.provider = $2 AND (a.release_at IS NULL OR a.release_at > $3)`,
}

const GET_SECRET: Statement = {
  name: 'get-secret',
  text: `SELECT s.secret FROM action_provider.actions a
    JOIN action_provider.secrets s ON s.action_id = a.action_id
    WHERE a.action_id = $1 AND a.provider = $2 AND (a.release_at IS NULL OR a.release_at > $3)`,
}

/** What the work of an action goes by. */
export type Requests = {
  work: (provider: string, actionId: string) => Promise<StoredWork | undefined>
  secret: (provider: string, actionId: string) => Promise<Uint8Array | undefined>
}

/** @param now the time in milliseconds since 1970 */
export function createRequests(database: Database, now: () => number): Requests {
  async function single<Row>(statement: Statement, provider: string, id: string): Promise<Row | undefined> {
    if (uuidBytes(id) === undefined) return undefined
    const [row] = await database.query<Row>(statement, [id, provider, now()])
    return row
  }

  return {
    async work(provider, actionId) {
      const row = await single<WorkRow>(GET_WORK, provider, actionId)
      return row && workOf(row)
    },
    async secret(provider, actionId) {
      return (await single<{ secret: Uint8Array }>(GET_SECRET, provider, actionId))?.secret
    },
  }
}

type WorkRow = {
  request: string
  secret: Uint8Array | null
  names: string[]
  steps: Uint8Array[]
  events: string[]
  deliveries: Uint8Array[]
  values: Uint8Array[]
}

function workOf({ request, secret, names, steps, events, deliveries, values }: WorkRow): StoredWork {
  return {
    request: JSON.parse(request) as StoredRequest,
    secret: secret ?? undefined,
    steps: names.map((name, index) => ({ name, sealed: steps[index] }) as SealedStep),
    events: events.map(
      (event, index) => ({ event, delivery: deliveries[index], sealed: values[index] }) as SealedEvent,
    ),
  }
}
