import { uuidText } from '../../action/keys.ts'
import { isComplete } from '../../documents/action-status.ts'
import type { Creation, NewAction, Repetition, StoredAction } from '../action-store.ts'
import { onceInline, writeForCreation } from '../changes.ts'
import type { Recent } from '../recent.ts'
import type { Times } from './clock.ts'
import type { Database } from './database.ts'
import { inBatches } from './group-commit.ts'
import type { Notifications } from './notifications.ts'
import { CLAIM, RECORD, RECORD_CLAIMED, requestsOf, rowsOf } from './record.ts'
import { remove } from './removal.ts'
import { ACTION_COLUMNS, type ActionRow, actionOf } from './rows.ts'
import type { Statement } from './statement.ts'

const FIND_BY_KEY: Statement = {
  name: 'find-by-key',
  text: `SELECT r.request_key, r.content_hash, ${ACTION_COLUMNS}
    FROM action_provider.requests r JOIN action_provider.actions a ON a.action_id = r.action_id
    WHERE r.request_key = ANY($1::uuid[])`,
}

type FoundRow = ActionRow & { request_key: string; content_hash: Buffer }

/** A request for a new action, and its key. */
type Candidate = { newAction: NewAction; key: string }

/**
 * The result of a candidate: `again` if it must be tried again, because the action of its key no longer
 * exists or is past its release.
 */
type CreationResult = Creation | { outcome: 'again'; released?: StoredAction }

/**
 * Records actions; those of the same moment share a commit. The primary key of the requests decides which
 * request is the first of its key: if another transaction is inserting the same key, this one waits for it.
 * All instances insert keys in the same order, so that transactions cannot deadlock.
 */
export function prepareCreate(
  database: Database,
  notifications: Notifications,
  times: Times,
  recent: Recent,
): (newAction: NewAction) => Promise<Creation> {
  const { now: clock } = times

  /**
   * Creates actions in batches. `recordFirst` records the first candidate of each key and gives the recorded
   * actions.
   */
  const createInBatches = (
    recordFirst: (batch: readonly Candidate[], now: number) => Promise<StoredAction[]>,
  ) =>
    inBatches(async (candidates: readonly Candidate[]): Promise<CreationResult[]> => {
      const batch = [...candidates].sort((a, b) => (a.key < b.key ? -1 : 1))
      const recorded = await recordFirst(batch, clock())
      const byId = new Map(recorded.map((action) => [action.action_id, action]))
      const isFirst = ({ newAction }: Candidate): boolean => byId.has(newAction.action_id)
      const found = await findRepeated(batch.filter((candidate) => !isFirst(candidate)))
      return candidates.map((candidate) => {
        const action = byId.get(candidate.newAction.action_id)
        return action
          ? { outcome: 'created', action }
          : repeatedResult(candidate, found.get(candidate.key), clock())
      })
    })

  const createQueued = createInBatches(async (batch, now) => {
    const writes = batch.map((each) => ({ ...each, write: writeForCreation(each.newAction, now) }))
    const values = RECORD.values({ requests: requestsOf(batch), ...rowsOf(writes, notifications, times) })
    const rows = await database.query<{ action_id: string }>(RECORD, values)
    const ids = new Set(rows.map(({ action_id }) => action_id))
    return writes.map(({ write }) => write.action).filter(({ action_id }) => ids.has(action_id))
  })

  /** Runs the work inline between the two statements of a transaction. */
  const createInline = createInBatches((batch, now) =>
    database.transaction(async (query) => {
      const claimed = await query<{ action_id: string }>(CLAIM, CLAIM.values({ requests: requestsOf(batch) }))
      const ids = new Set(claimed.map(({ action_id }) => action_id))
      const writes = batch
        .filter(({ newAction }) => ids.has(newAction.action_id))
        .map((each) => ({ ...each, write: writeForCreation(each.newAction, now) }))
      const given = { firsts: claimed, ...rowsOf(writes, notifications, times) }
      if (writes.length > 0) await query(RECORD_CLAIMED, RECORD_CLAIMED.values(given))
      return writes.map(({ write }) => write.action)
    }),
  )

  async function findRepeated(repeats: readonly Candidate[]): Promise<Map<string, FoundRow>> {
    if (repeats.length === 0) return new Map()
    const keys = [...new Set(repeats.map(({ key }) => key))]
    const rows = await database.query<FoundRow>(FIND_BY_KEY, [keys])
    return new Map(rows.map((row) => [row.request_key, row]))
  }

  return async (newAction) => {
    const candidate: Candidate = { newAction: onceInline(newAction), key: uuidText(newAction.request_key) }
    const createInBatch = newAction.runInline ? createInline : createQueued
    for (;;) {
      const result = await createInBatch(candidate)
      if (result.outcome === 'again') {
        if (result.released) {
          const { released } = result
          await database.transaction((query) => remove(query, [released]))
        }
        continue
      }
      if (result.outcome === 'created') {
        const { action } = result
        if (action.runs_on !== undefined) recent.keep(action)
        if (newAction.job && hasFreeJob(action)) notifications.notify(newAction.provider, { kind: 'job' })
      }
      return result
    }
  }
}

/** Whether a new action's job is free for any instance. */
function hasFreeJob({ status, runs_on }: StoredAction): boolean {
  return runs_on === undefined && !isComplete(status)
}

function repeatedResult({ newAction }: Candidate, row: FoundRow | undefined, now: number): CreationResult {
  if (row === undefined) return { outcome: 'again' }
  const released = releasedBy(row, now)
  if (released) return { outcome: 'again', released }
  const result = repetition(row, newAction.content_hash)
  // It may be this same request, of a batch that failed after it was recorded.
  const isOwn = result.outcome === 'repeated' && row.action_id === newAction.action_id
  return isOwn ? { outcome: 'created', action: result.action } : result
}

/** The action of a row, if it is past its release. */
function releasedBy(row: FoundRow, now: number): StoredAction | undefined {
  const action = actionOf(row)
  return action.release_at !== undefined && action.release_at <= now ? action : undefined
}

/** The answer to a request whose key has a row. */
function repetition(row: FoundRow, contentHash: Uint8Array): Repetition {
  return row.content_hash.equals(contentHash)
    ? { outcome: 'repeated', action: actionOf(row) }
    : { outcome: 'conflict' }
}

/** Finds the action that has the key of a request. */
export async function findByKey(
  database: Database,
  requestKey: Uint8Array,
  contentHash: Uint8Array,
  now: number,
): Promise<Repetition | undefined> {
  const [row] = await database.query<FoundRow>(FIND_BY_KEY, [[uuidText(requestKey)]])
  return row && !releasedBy(row, now) ? repetition(row, contentHash) : undefined
}
