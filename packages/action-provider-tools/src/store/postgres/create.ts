import { uuidText } from '../../action/keys.ts'
import { isComplete } from '../../documents/action-status.ts'
import type { Creation, NewAction, Repetition, StoredAction } from '../action-store.ts'
import { created, onceInline } from '../changes.ts'
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

/** A request on its way to become an action. */
type Candidate = { newAction: NewAction; key: string }

/** What became of a candidate; one that found no action to repeat, or a released one, must try again. */
type Verdict = Creation | { outcome: 'again'; released?: StoredAction }

/**
 * Records actions. Those of the same moment share a commit, so that one write to disk makes many durable. The
 * primary key of the requests decides which is the first of its key: where another transaction is about to
 * insert the same key, this one waits for it to end. All instances insert keys in the same order, so that no
 * two wait for each other.
 */
export function prepareCreate(
  database: Database,
  notifications: Notifications,
  times: Times,
  recent: Recent,
): (newAction: NewAction) => Promise<Creation> {
  const { now } = times

  /** Decides candidates by what records the first of each key, and gives the actions that it recorded. */
  const deciding = (recordFirst: (batch: readonly Candidate[], at: number) => Promise<StoredAction[]>) =>
    inBatches(async (candidates: readonly Candidate[]): Promise<Verdict[]> => {
      const batch = [...candidates].sort((a, b) => (a.key < b.key ? -1 : 1))
      const recorded = await recordFirst(batch, now())
      const byId = new Map(recorded.map((action) => [action.action_id, action]))
      const isFirst = ({ newAction }: Candidate): boolean => byId.has(newAction.action_id)
      const found = await findRepeated(batch.filter((candidate) => !isFirst(candidate)))
      return candidates.map((candidate) => {
        const action = byId.get(candidate.newAction.action_id)
        return action ? { outcome: 'created', action } : verdictOf(candidate, found.get(candidate.key), now())
      })
    })

  const decide = deciding(async (batch, at) => {
    const writes = batch.map((each) => ({ ...each, write: created(each.newAction, at) }))
    const values = RECORD.values({ requests: requestsOf(batch), ...rowsOf(writes, notifications, times) })
    const rows = await database.query<{ action_id: string }>(RECORD, values)
    const ids = new Set(rows.map(({ action_id }) => action_id))
    return writes.map(({ write }) => write.action).filter(({ action_id }) => ids.has(action_id))
  })

  /** Work that runs inline does so between the two statements of a transaction. */
  const decideInline = deciding((batch, at) =>
    database.transaction(async (query) => {
      const claimed = await query<{ action_id: string }>(CLAIM, CLAIM.values({ requests: requestsOf(batch) }))
      const ids = new Set(claimed.map(({ action_id }) => action_id))
      const writes = batch
        .filter(({ newAction }) => ids.has(newAction.action_id))
        .map((each) => ({ ...each, write: created(each.newAction, at) }))
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
    const become = newAction.runInline ? decideInline : decide
    for (;;) {
      const verdict = await become(candidate)
      if (verdict.outcome === 'again') {
        if (verdict.released) {
          const { released } = verdict
          await database.transaction((query) => remove(query, [released]))
        }
        continue
      }
      if (verdict.outcome === 'created') {
        const { action } = verdict
        if (action.runs_on !== undefined) recent.keep(action)
        if (newAction.job && waits(action)) notifications.notify(newAction.provider, { kind: 'job' })
      }
      return verdict
    }
  }
}

/** Whether the work of a new action waits for an instance to take it. */
function waits({ status, runs_on }: StoredAction): boolean {
  return runs_on === undefined && !isComplete(status)
}

function verdictOf({ newAction }: Candidate, row: FoundRow | undefined, at: number): Verdict {
  if (row === undefined) return { outcome: 'again' }
  const released = releasedBy(row, at)
  if (released) return { outcome: 'again', released }
  const verdict = repetition(row, newAction.content_hash)
  // It may be this very request, of a batch that failed after it had been recorded.
  const isOwn = verdict.outcome === 'repeated' && row.action_id === newAction.action_id
  return isOwn ? { outcome: 'created', action: verdict.action } : verdict
}

/** The action of a row, if its time is over by then. */
function releasedBy(row: FoundRow, at: number): StoredAction | undefined {
  const action = actionOf(row)
  return action.release_at !== undefined && action.release_at <= at ? action : undefined
}

/** What a request is whose key has a row. */
function repetition(row: FoundRow, contentHash: Uint8Array): Repetition {
  return row.content_hash.equals(contentHash)
    ? { outcome: 'repeated', action: actionOf(row) }
    : { outcome: 'conflict' }
}

/** What the key of a request stands for already. */
export async function findByKey(
  database: Database,
  requestKey: Uint8Array,
  contentHash: Uint8Array,
  at: number,
): Promise<Repetition | undefined> {
  const [row] = await database.query<FoundRow>(FIND_BY_KEY, [[uuidText(requestKey)]])
  return row && !releasedBy(row, at) ? repetition(row, contentHash) : undefined
}
