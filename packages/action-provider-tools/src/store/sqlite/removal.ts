import type { DatabaseSync } from 'node:sqlite'
import { uuidText } from '../../action/keys.ts'
import { ACTION_COLUMNS, ACTION_ID, type ActionRow, actionOf, NUMBER, type Parts, PROVIDER } from './rows.ts'
import { prepare } from './statement.ts'

/** Removes actions with everything that belongs to them, inside a transaction. */
export type Removal = {
  remove: (row: ActionRow) => void
  /** Removes up to `limit` actions that are past their release. Returns their number. */
  removeReleased: (now: number, limit: number) => number
}

export function prepareRemoval(database: DatabaseSync, parts: Parts): Removal {
  const { access, counts, jobs, logs, recent, requests, steps } = parts
  const deleteAction = prepare(database, 'DELETE FROM actions WHERE number = ?')
  const released = prepare<ActionRow>(
    database,
    `SELECT ${ACTION_COLUMNS} FROM actions WHERE release_at <= ? ORDER BY release_at LIMIT ?`,
  )

  function remove(row: ActionRow): void {
    const number = row[NUMBER]
    const provider = row[PROVIDER]
    const action_id = row[ACTION_ID]
    const action = actionOf(row, '', uuidText(action_id))
    recent.forget(action.action_id)
    access.remove({ number, provider, action_id }, action)
    counts.add(provider, action.status, -1)
    logs.remove(number)
    jobs.remove(number)
    requests.remove(number)
    steps.remove(number)
    deleteAction.run(number)
  }

  return {
    remove,
    removeReleased(now, limit) {
      const rows = released.all(now, limit)
      for (const row of rows) remove(row)
      return rows.length
    },
  }
}
