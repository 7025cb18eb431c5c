import type { DatabaseSync } from 'node:sqlite'
import { ROLE_CODES } from '../codes.ts'
import { principalKey } from '../principal-key.ts'
import { prepare } from './prepare.ts'

/** Whose action it is, and where its rows of access stand. */
export type Listed = {
  number: number
  provider: number
  action_id: Uint8Array
  status: number
  creator_id: string
  monitor_by: readonly string[]
  manage_by: readonly string[]
}

/** The index that lists are read from: a row for each principal that has a role in an action. */
export type Access = {
  add: (action: Listed) => void
  remove: (action: Listed) => void
}

export function createAccess(database: DatabaseSync): Access {
  const insert = prepare(
    database,
    'INSERT INTO access (provider, role, principal, status, action_id, number) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const erase = prepare(
    database,
    'DELETE FROM access WHERE provider = ? AND role = ? AND principal = ? AND status = ? AND action_id = ?',
  )

  return {
    add(action) {
      for (const [role, principal] of roles(action)) {
        insert.run(
          action.provider,
          role,
          principalKey(principal),
          action.status,
          action.action_id,
          action.number,
        )
      }
    },
    remove(action) {
      for (const [role, principal] of roles(action)) {
        erase.run(action.provider, role, principalKey(principal), action.status, action.action_id)
      }
    },
  }
}

function* roles({ creator_id, monitor_by, manage_by }: Listed): Generator<[number, string]> {
  yield [ROLE_CODES.creator_id, creator_id]
  for (const principal of monitor_by) yield [ROLE_CODES.monitor_by, principal]
  for (const principal of manage_by) yield [ROLE_CODES.manage_by, principal]
}
