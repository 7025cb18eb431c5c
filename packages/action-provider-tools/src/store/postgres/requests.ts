import { uuidBytes } from '../../action/keys.ts'
import type { SealedEvent, SealedStep, StoredRequest, StoredWork } from '../action-store.ts'
import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

const ofSteps = (column: string): string =>
  `ARRAY(SELECT ${column} FROM action_provider.steps t WHERE t.action_id = a.action_id ORDER BY name)`
const ofEvents = (column: string): string =>
  `ARRAY(SELECT ${column} FROM action_provider.events e WHERE e.action_id = a.action_id ORDER BY number)`

/** SQL for the steps and events of the action `a`, as a StepsAndEventsRow. */
export const STEPS_AND_EVENTS = `${ofSteps('name')} AS names, ${ofSteps('sealed')} AS steps, ${ofEvents('event')} AS came,
    ${ofEvents('delivery')} AS deliveries, ${ofEvents('sealed')} AS "values"`

/** One statement, so that everything is of one moment. */
const GET_WORK: Statement = {
  name: 'get-work',
  text: `SELECT r.request, s.secret, ${STEPS_AND_EVENTS}
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

/** Reads what the store keeps for the work of an action. */
export type Requests = {
  work: (provider: string, actionId: string) => Promise<StoredWork | undefined>
  secret: (provider: string, actionId: string) => Promise<Uint8Array | undefined>
}

/** @param now gives the time in milliseconds since 1970 */
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

/** The steps and events of an action, column by column. */
export type StepsAndEventsRow = {
  names: string[]
  steps: Uint8Array[]
  came: string[]
  deliveries: Uint8Array[]
  values: Uint8Array[]
}

type WorkRow = StepsAndEventsRow & { request: string; secret: Uint8Array | null }

function workOf(row: WorkRow): StoredWork {
  return {
    request: JSON.parse(row.request) as StoredRequest,
    secret: row.secret ?? undefined,
    steps: stepsOf(row),
    events: eventsOf(row),
  }
}

export function stepsOf({ names, steps }: StepsAndEventsRow): SealedStep[] {
  return names.map((name, index) => ({ name, sealed: steps[index] }) as SealedStep)
}

export function eventsOf({ came, deliveries, values }: StepsAndEventsRow): SealedEvent[] {
  return came.map(
    (event, index) => ({ event, delivery: deliveries[index], sealed: values[index] }) as SealedEvent,
  )
}
