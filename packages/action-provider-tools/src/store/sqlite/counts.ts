import type { DatabaseSync } from 'node:sqlite'
import type { ActionStatusValue } from '../../documents/action-status.ts'
import { STATUS_CODES, STATUSES } from '../codes.ts'
import { prepare } from './statement.ts'

/** Counts of a provider's actions by status. Each change updates them, since counting all rows takes long. */
export type Counts = {
  add: (provider: number, status: ActionStatusValue, actions: 1 | -1) => void
  read: (provider: number) => Record<ActionStatusValue, number>
  /** The namespaces of the providers that have actions. */
  namespaces: () => string[]
}

export function createCounts(database: DatabaseSync): Counts {
  const upsert = prepare(
    database,
    `INSERT INTO counts (provider, status, actions) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET actions = actions + excluded.actions`,
  )
  const select = prepare<[status: number, actions: number]>(
    database,
    'SELECT status, actions FROM counts WHERE provider = ?',
  )
  const selectNames = prepare<[string]>(
    database,
    'SELECT name FROM providers WHERE id IN (SELECT provider FROM counts WHERE actions > 0)',
  )
  return {
    namespaces: () =>
      selectNames
        .all()
        .map(([name]) => name)
        .sort(),
    add: (provider, status, actions) => void upsert.run(provider, STATUS_CODES[status], actions),
    read(provider) {
      const counted = new Map(select.all(provider))
      return Object.fromEntries(STATUSES.map((status, code) => [status, counted.get(code) ?? 0])) as Record<
        ActionStatusValue,
        number
      >
    },
  }
}
