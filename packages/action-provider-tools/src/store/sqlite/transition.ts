import type { DatabaseSync } from 'node:sqlite'
import type { Change, CurrentAction, StoredAction } from '../action-store.ts'
import { type Write, withParsedDocument, writeForChange } from '../changes.ts'
import type { Removal } from './removal.ts'
import {
  ACTION_ID,
  type ActionRow,
  CHANGING_COLUMNS,
  changingValues,
  LOG_LENGTH,
  NUMBER,
  type Parts,
  PROVIDER,
} from './rows.ts'
import { update } from './statement.ts'

/** The result of a transition: the action after it and the change, or the error that `decide` threw. */
export type Transition = { action: StoredAction; change?: Change } | { refusal: unknown }

/** Returns a function that changes one action. Call it inside a transaction. */
export function prepareTransition(
  database: DatabaseSync,
  { access, counts, jobs, logs, recent, requests, steps }: Parts,
  removal: Removal,
): (
  row: ActionRow,
  before: StoredAction,
  decide: (current: CurrentAction) => Change | undefined,
) => Transition {
  const updateAction = update(database, 'actions', CHANGING_COLUMNS, 'number = ? AND version = ?')

  function write(row: ActionRow, before: StoredAction, { action, log, secret, job, ...rest }: Write): void {
    const number = row[NUMBER]
    const provider = row[PROVIDER]
    recent.forget(action.action_id)
    const values = changingValues(action, row[LOG_LENGTH] + log.length)
    if (updateAction(values, number, before.version) !== 1) {
      throw new Error(`Action ${action.action_id} changed inside a transaction`)
    }
    if (action.status !== before.status) {
      const place = { number, provider, action_id: row[ACTION_ID] }
      access.remove(place, before)
      access.add(place, action)
      counts.add(provider, before.status, -1)
      counts.add(provider, action.status, 1)
    }
    logs.append(number, row[LOG_LENGTH], log)
    requests.seal(number, secret)
    steps.write(number, before.events, rest)
    if (job === null) jobs.remove(number)
    else if (job !== undefined) jobs.put(number, provider, action.lease, action.creator_id, job)
  }

  return (row, before, decide) => {
    let change: Change | undefined
    try {
      change = decide(withParsedDocument(before))
    } catch (refusal) {
      return { refusal }
    }
    if (change === undefined) return { action: before }
    if (change.release) {
      removal.remove(row)
      return { action: before, change }
    }
    const after = writeForChange(before, change)
    write(row, before, after)
    return { action: after.action, change }
  }
}
