import type { DatabaseSync } from 'node:sqlite'
import { accessKeysOf } from '../access.ts'
import type { StoredAction } from '../action-store.ts'
import { STATUS_CODES } from '../codes.ts'
import { prepare } from './statement.ts'

/** The keys by which the rows of an action are found. */
type Place = { number: number; provider: number; action_id: Uint8Array }

/** The index of lists: a row for each principal that has a role in an action. */
export type Access = {
  add: (place: Place, action: StoredAction) => void
  remove: (place: Place, action: StoredAction) => void
}

export function createAccess(database: DatabaseSync): Access {
  const insert = prepare(
    database,
    'INSERT INTO access (provider, role, principal, status, action_id, number) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const erase = prepare(
    database,
    'DELETE FROM access WHERE provider = ? AND role = ? AND principal = ? AND status = ? AND action_id = ?',
  )

  return {
    add({ number, provider, action_id }, action) {
      for (const { role, principal } of accessKeysOf(action)) {
        insert.run(provider, role, principal, STATUS_CODES[action.status], action_id, number)
      }
    },
    remove({ provider, action_id }, action) {
      for (const { role, principal } of accessKeysOf(action)) {
        erase.run(provider, role, principal, STATUS_CODES[action.status], action_id)
      }
    },
  }
}
