import { uuidBytes } from '../../action/keys.ts'
import type { StoredRequest } from '../action-store.ts'
import type { Database } from './database.ts'
import type { Statement } from './statement.ts'

const GET_REQUEST: Statement = {
  name: 'get-request',
  text: `SELECT r.request FROM action_provider.actions a
    JOIN action_provider.requests r ON r.request_key = a.request_key
    WHERE a.action_id = $1 AND a.provider = $2 AND (a.release_at IS NULL OR a.release_at > $3)`,
}

const GET_SECRET: Statement = {
  name: 'get-secret',
  text: `SELECT s.secret FROM action_provider.actions a
    JOIN action_provider.secrets s ON s.action_id = a.action_id
    WHERE a.action_id = $1 AND a.provider = $2 AND (a.release_at IS NULL OR a.release_at > $3)`,
}

/** What the work of an action needs: its request, and what is sealed for it. */
export type Requests = {
  request: (provider: string, actionId: string) => Promise<StoredRequest | undefined>
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
    async request(provider, actionId) {
      const row = await single<{ request: string }>(GET_REQUEST, provider, actionId)
      return row && (JSON.parse(row.request) as StoredRequest)
    },
    async secret(provider, actionId) {
      return (await single<{ secret: Uint8Array }>(GET_SECRET, provider, actionId))?.secret
    },
  }
}
