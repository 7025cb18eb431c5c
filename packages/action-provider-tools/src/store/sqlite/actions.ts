import type { DatabaseSync } from 'node:sqlite'
import { uuidBytes, uuidText } from '../../action/keys.ts'
import { isComplete } from '../../documents/action-status.ts'
import type { NewAction, StoredAction, StoredRequest } from '../action-store.ts'
import type { Write } from '../changes.ts'
import { STATUS_CODES } from '../codes.ts'
import { createAccess } from './access.ts'
import type { Counts } from './counts.ts'
import type { Jobs } from './jobs.ts'
import type { Log } from './log.ts'
import { prepare } from './prepare.ts'
import {
  ACTION_COLUMNS,
  ACTION_ID,
  type ActionRow,
  actionOf,
  LOG_LENGTH,
  NUMBER,
  PROVIDER,
  SEEN_COLUMNS,
  type SeenRow,
  writeList,
} from './rows.ts'

/** The rows of actions, with all that belongs to them. Writing is for inside a transaction. */
export type Actions = {
  find: (action_id: Uint8Array) => ActionRow | undefined
  /** As `find`, for who only looks. */
  see: (action_id: Uint8Array) => SeenRow | undefined
  findByKey: (request_key: Uint8Array) => ActionRow | undefined
  request: (number: number) => StoredRequest | undefined
  secret: (number: number) => Uint8Array | undefined
  insert: (provider: number, newAction: NewAction, write: Write) => void
  update: (row: ActionRow, before: StoredAction, write: Write) => void
  remove: (row: ActionRow) => void
  released: (now: number, limit: number) => ActionRow[]
  overdue: (provider: number, now: number, limit: number) => Uint8Array[]
  cancels: (provider: number, before: number, limit: number) => Uint8Array[]
}

/** @param changing told of each action that is changed or removed */
export function createActions(
  database: DatabaseSync,
  { log, jobs, counts }: { log: Log; jobs: Jobs; counts: Counts },
  changing: (actionId: string) => void,
): Actions {
  const access = createAccess(database)
  const select = (condition: string): string => `SELECT ${ACTION_COLUMNS} FROM actions WHERE ${condition}`
  const byId = prepare<ActionRow>(database, select('action_id = ?'))
  const seenById = prepare<SeenRow>(database, `SELECT ${SEEN_COLUMNS} FROM actions WHERE action_id = ?`)
  const byKey = prepare<ActionRow>(database, select('request_key = ?'))
  const byRelease = prepare<ActionRow>(database, select('release_at <= ? ORDER BY release_at LIMIT ?'))
  const insertAction = prepare(
    database,
    `INSERT INTO actions (action_id, request_key, content_hash, provider, status, version, attempt, log_length, creator_id,
      monitor_by, manage_by, runs_on, cancel_requested_at, deadline_at, release_at, document, lease, report,
      failures, cancel_requested_by, resumed_by)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const updateAction = prepare(
    database,
    `UPDATE actions SET status = ?, version = ?, attempt = ?, log_length = ?, runs_on = ?, cancel_requested_at = ?,
      release_at = ?, document = ?, lease = ?, report = ?, failures = ?, cancel_requested_by = ?,
      resumed_by = ? WHERE number = ? AND version = ?`,
  )
  const deleteAction = prepare(database, 'DELETE FROM actions WHERE number = ?')
  const selectRequest = prepare<[string]>(database, 'SELECT request FROM requests WHERE number = ?')
  const insertRequest = prepare(database, 'INSERT INTO requests (number, request) VALUES (?, ?)')
  const deleteRequest = prepare(database, 'DELETE FROM requests WHERE number = ?')
  const selectSecret = prepare<[Uint8Array]>(database, 'SELECT secret FROM secrets WHERE number = ?')
  const upsertSecret = prepare(
    database,
    'INSERT INTO secrets (number, secret) VALUES (?, ?) ON CONFLICT DO UPDATE SET secret = excluded.secret',
  )
  const deleteSecret = prepare(database, 'DELETE FROM secrets WHERE number = ?')
  const byDeadline = prepare<[Uint8Array]>(
    database,
    `SELECT action_id FROM actions WHERE provider = ? AND deadline_at <= ? AND status < 2
      ORDER BY deadline_at LIMIT ?`,
  )
  const byCancel = prepare<[Uint8Array]>(
    database,
    `SELECT action_id FROM actions WHERE provider = ? AND cancel_requested_at <= ? AND status < 2
      ORDER BY cancel_requested_at LIMIT ?`,
  )

  return {
    find: (action_id) => byId.get(action_id),
    see: (action_id) => seenById.get(action_id),
    findByKey: (request_key) => byKey.get(request_key),
    released: (now, limit) => byRelease.all(now, limit),
    overdue: (provider, now, limit) => byDeadline.all(provider, now, limit).map(([id]) => id),
    cancels: (provider, before, limit) => byCancel.all(provider, before, limit).map(([id]) => id),
    request(number) {
      const [text] = selectRequest.get(number) ?? []
      return text === undefined ? undefined : (JSON.parse(text) as StoredRequest)
    },
    secret: (number) => selectSecret.get(number)?.[0],

    insert(provider, newAction, write) {
      const { action } = write
      const action_id = uuidBytes(action.action_id)
      if (action_id === undefined) throw new TypeError(`Not an action id: ${action.action_id}`)
      const status = STATUS_CODES[action.status]
      const { lastInsertRowid } = insertAction.run(
        action_id,
        newAction.request_key,
        newAction.content_hash,
        provider,
        status,
        action.version,
        action.attempt,
        write.log.length,
        action.creator_id,
        writeList(action.monitor_by),
        writeList(action.manage_by),
        action.runs_on ?? null,
        action.cancel_requested_at ?? null,
        action.deadline_at ?? null,
        action.release_at ?? null,
        action.document,
        action.lease,
        action.report,
        action.failures,
        action.cancel_requested_by ?? null,
        action.resumed_by ?? null,
      )
      const number = Number(lastInsertRowid)
      // Nobody asks for the request of an action whose work is over.
      if (!isComplete(action.status)) insertRequest.run(number, JSON.stringify(newAction.request))
      access.add({ ...action, number, provider, action_id, status })
      counts.add(provider, status, 1)
      log.append(number, 0, write.log)
      if (write.secret) upsertSecret.run(number, write.secret)
      if (write.job) jobs.put(number, provider, action.lease, write.job)
    },

    update(row, before, { action, log: entries, secret, job }) {
      changing(action.action_id)
      const number = row[NUMBER]
      const provider = row[PROVIDER]
      const { changes } = updateAction.run(
        STATUS_CODES[action.status],
        action.version,
        action.attempt,
        row[LOG_LENGTH] + entries.length,
        action.runs_on ?? null,
        action.cancel_requested_at ?? null,
        action.release_at ?? null,
        action.document,
        action.lease,
        action.report,
        action.failures,
        action.cancel_requested_by ?? null,
        action.resumed_by ?? null,
        number,
        before.version,
      )
      if (changes !== 1) throw new Error(`Action ${action.action_id} changed inside a transaction`)
      if (action.status !== before.status) {
        const listed = { ...action, number, provider, action_id: row[ACTION_ID] }
        access.remove({ ...listed, status: STATUS_CODES[before.status] })
        access.add({ ...listed, status: STATUS_CODES[action.status] })
        counts.add(provider, STATUS_CODES[before.status], -1)
        counts.add(provider, STATUS_CODES[action.status], 1)
      }
      log.append(number, row[LOG_LENGTH], entries)
      if (secret === null) deleteSecret.run(number)
      else if (secret !== undefined) upsertSecret.run(number, secret)
      if (job === null) jobs.remove(number)
      else if (job !== undefined) jobs.put(number, provider, action.lease, job)
    },

    remove(row) {
      const number = row[NUMBER]
      const action = actionOf(row, '', uuidText(row[ACTION_ID]))
      changing(action.action_id)
      const status = STATUS_CODES[action.status]
      access.remove({ ...action, number, provider: row[PROVIDER], action_id: row[ACTION_ID], status })
      counts.add(row[PROVIDER], status, -1)
      log.remove(number)
      jobs.remove(number)
      deleteSecret.run(number)
      deleteRequest.run(number)
      deleteAction.run(number)
    },
  }
}
