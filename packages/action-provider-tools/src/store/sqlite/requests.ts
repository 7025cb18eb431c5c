import type { DatabaseSync } from 'node:sqlite'
import type { StoredRequest } from '../action-store.ts'
import { prepare } from './statement.ts'

/** The requests and the sealed state of unfinished actions. */
export type Requests = {
  request: (action: number) => StoredRequest | undefined
  secret: (action: number) => Uint8Array | undefined
  put: (action: number, request: StoredRequest) => void
  /** `null` erases the sealed state, `undefined` leaves it. */
  seal: (action: number, secret: Uint8Array | null | undefined) => void
  remove: (action: number) => void
}

export function createRequests(database: DatabaseSync): Requests {
  const selectRequest = prepare<[string]>(database, 'SELECT request FROM requests WHERE number = ?')
  const insertRequest = prepare(database, 'INSERT INTO requests (number, request) VALUES (?, ?)')
  const deleteRequest = prepare(database, 'DELETE FROM requests WHERE number = ?')
  const selectSecret = prepare<[Uint8Array]>(database, 'SELECT secret FROM secrets WHERE number = ?')
  const upsertSecret = prepare(
    database,
    'INSERT INTO secrets (number, secret) VALUES (?, ?) ON CONFLICT DO UPDATE SET secret = excluded.secret',
  )
  const deleteSecret = prepare(database, 'DELETE FROM secrets WHERE number = ?')

  return {
    request(action) {
      const [text] = selectRequest.get(action) ?? []
      return text === undefined ? undefined : (JSON.parse(text) as StoredRequest)
    },
    secret: (action) => selectSecret.get(action)?.[0],
    put: (action, request) => void insertRequest.run(action, JSON.stringify(request)),
    seal(action, secret) {
      if (secret === null) deleteSecret.run(action)
      else if (secret !== undefined) upsertSecret.run(action, secret)
    },
    remove(action) {
      deleteSecret.run(action)
      deleteRequest.run(action)
    },
  }
}
