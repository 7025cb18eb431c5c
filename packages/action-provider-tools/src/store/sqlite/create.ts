import type { DatabaseSync } from 'node:sqlite'
import { uuidBytes, uuidText } from '../../action/keys.ts'
import { isComplete } from '../../documents/action-status.ts'
import type { Creation, NewAction, Repetition } from '../action-store.ts'
import { type Write, writeForCreation } from '../changes.ts'
import type { Removal } from './removal.ts'
import {
  ACTION_COLUMNS,
  ACTION_ID,
  type ActionRow,
  actionOf,
  CONTENT_HASH,
  type Parts,
  RECORDED_COLUMNS,
  RELEASE_AT,
  recordedValues,
} from './rows.ts'
import { insertInto, prepare } from './statement.ts'

/** Records actions. A uniqueness constraint decides which request is the first of its key. */
type Create = {
  find: (provider: string, requestKey: Uint8Array, contentHash: Uint8Array) => Repetition | undefined
  /** Call it inside a transaction. It removes an action with the same key that is past its release. */
  create: (provider: number, newAction: NewAction) => Creation
}

/** @param now gives the time in milliseconds since 1970 */
export function prepareCreate(
  database: DatabaseSync,
  parts: Parts,
  removal: Removal,
  now: () => number,
): Create {
  const { access, counts, jobs, logs, requests } = parts
  const byKey = prepare<ActionRow>(database, `SELECT ${ACTION_COLUMNS} FROM actions WHERE request_key = ?`)
  const insertAction = insertInto(database, 'actions', RECORDED_COLUMNS)

  function insert(provider: number, newAction: NewAction, { action, log, secret, job }: Write): void {
    const action_id = uuidBytes(action.action_id)
    if (action_id === undefined) throw new TypeError(`Not an action id: ${action.action_id}`)
    const { request_key, content_hash, job_key } = newAction
    const number = insertAction(
      recordedValues(action, { action_id, provider, request_key, content_hash, job_key }, log.length),
    )
    // Nothing needs the request of an action whose work is complete.
    if (!isComplete(action.status)) requests.put(number, newAction.request)
    if (secret) requests.seal(number, secret)
    access.add({ number, provider, action_id }, action)
    counts.add(provider, action.status, 1)
    logs.append(number, 0, log)
    if (job) jobs.put(number, provider, action.lease, action.creator_id, job)
  }

  const isOver = (row: ActionRow): boolean => row[RELEASE_AT] !== null && row[RELEASE_AT] <= now()

  /** The answer to a request whose key has a row. */
  function repetition(row: ActionRow, provider: string, contentHash: Uint8Array): Repetition {
    if (Buffer.compare(row[CONTENT_HASH], contentHash) !== 0) return { outcome: 'conflict' }
    return { outcome: 'repeated', action: actionOf(row, provider, uuidText(row[ACTION_ID])) }
  }

  return {
    find(provider, requestKey, contentHash) {
      const row = byKey.get(requestKey)
      return row && !isOver(row) ? repetition(row, provider, contentHash) : undefined
    },
    create(provider, newAction) {
      const row = byKey.get(newAction.request_key)
      if (row && !isOver(row)) return repetition(row, newAction.provider, newAction.content_hash)
      if (row) removal.remove(row)
      const write = writeForCreation(newAction, now())
      insert(provider, newAction, write)
      return { outcome: 'created', action: write.action }
    },
  }
}
