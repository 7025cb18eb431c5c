import type { Change, CurrentAction, Hold, StoredAction, StoreEvent } from '../action-store.ts'
import { type Write, withParsedDocument, writeForChange } from '../changes.ts'
import type { Recent } from '../recent.ts'
import { type ActionChange, CHANGE, rowsOf } from './change.ts'
import type { Times } from './clock.ts'
import type { Database } from './database.ts'
import { storeError } from './failures.ts'
import { inBatches } from './group-commit.ts'
import type { Notifications } from './notifications.ts'
import { remove } from './removal.ts'
import { ACTION_COLUMNS, type ActionRow, actionOf } from './rows.ts'
import { type Statement, statement } from './statement.ts'

const FIND: Statement = {
  name: 'find',
  text: `SELECT ${ACTION_COLUMNS} FROM action_provider.actions a
    WHERE a.action_id = ANY($1::uuid[]) AND (a.release_at IS NULL OR a.release_at > $2)`,
}

/** Like FIND, for actions whose job an instance holds under a lease. */
const FIND_HELD = statement(
  'find-held',
  { holds: { action_id: 'uuid', holder: 'text', lease: 'integer' }, now: 'float8' },
  ({ holds, now }) => `SELECT ${ACTION_COLUMNS}, j.lease AS held FROM ${holds.rows}
    JOIN action_provider.jobs j
      ON j.action_id = holds.action_id AND j.holder = holds.holder AND j.lease = holds.lease
    JOIN action_provider.actions a ON a.action_id = holds.action_id
    WHERE a.release_at IS NULL OR a.release_at > ${now}`,
)

/** Finds and changes single actions. Requests of the same moment share a statement. */
type Transitions = {
  find: (provider: string, actionId: string) => Promise<StoredAction | undefined>
  transition: (
    provider: string,
    actionId: string,
    decide: (current: CurrentAction) => Change | undefined,
    hold?: Hold,
  ) => Promise<StoredAction | undefined>
}

/** @param recent the cache of actions that run on this instance */
export function prepareTransition(
  database: Database,
  notifications: Notifications,
  { now, due }: Times,
  recent: Recent,
): Transitions {
  const findById = inBatches(async (ids: readonly string[]) => {
    const rows = await database.query<ActionRow>(FIND, [[...new Set(ids)], now()])
    const byId = new Map(rows.map((row) => [row.action_id, row]))
    return ids.map((id) => byId.get(id))
  })

  const findHeld = inBatches(async (asked: readonly { actionId: string; hold: Hold }[]) => {
    const holds = asked.map(({ actionId, hold }) => ({
      action_id: actionId,
      holder: hold.instance,
      lease: hold.lease,
    }))
    const values = FIND_HELD.values({ holds, now: now() })
    const rows = await database.query<ActionRow & { held: number }>(FIND_HELD, values)
    const byHold = new Map(rows.map((row) => [`${row.action_id} ${row.held}`, row]))
    return asked.map(({ actionId, hold }) => byHold.get(`${actionId} ${hold.lease}`))
  })

  /**
   * Writes changes. Resolves with `false` for an action that was changed since it was read, or whose job is
   * not held as required.
   */
  const apply = inBatches(async (steps: readonly ActionChange[]) => {
    // Of several changes of the same action, only one can be written.
    const distinct = new Map(steps.map((step) => [step.before.action_id, step]))
    const values = CHANGE.values(rowsOf([...distinct.values()], notifications, due))
    const rows = await database.query<{ action_id: string }>(CHANGE, values)
    const written = new Set(rows.map((row) => row.action_id))
    return steps.map(
      (step) => written.has(step.before.action_id) && distinct.get(step.before.action_id) === step,
    )
  })

  async function find(provider: string, actionId: string, hold?: Hold): Promise<StoredAction | undefined> {
    const row = await (hold ? findHeld({ actionId, hold }) : findById(actionId))
    return row?.provider === provider ? actionOf(row) : undefined
  }

  /**
   * Writes a change and reports it. Resolves with `undefined` if the action was changed since it was read.
   */
  async function write(step: ActionChange): Promise<StoredAction | undefined> {
    const { action, log } = step.write
    if (!(await apply(step))) return undefined
    if (action.runs_on !== undefined) recent.keep(action)
    for (const event of step.events) notifications.notify(action.provider, event)
    notifications.notifyWatchers(action.action_id, { action, logged: log.length > 0 })
    return action
  }

  /**
   * Changes an action that runs on this instance, without reading it first: the cache is mostly current.
   * Resolves with `undefined` if it is not, or if nothing is to be changed.
   */
  async function changeRecent(
    provider: string,
    actionId: string,
    decide: (current: CurrentAction) => Change | undefined,
    hold: Hold | undefined,
  ): Promise<StoredAction | undefined> {
    const seen = recent.get(actionId)
    if (seen?.provider !== provider) return undefined
    recent.forget(actionId)
    const change = decideOnRecent(seen, decide)
    return change && write(actionChange(seen, change, hold, now()))
  }

  return {
    find,
    async transition(provider, actionId, decide, hold) {
      const after = await changeRecent(provider, actionId, decide, hold)
      if (after) return after
      for (;;) {
        const before = await find(provider, actionId, hold)
        if (before === undefined) return undefined
        const change = decide(withParsedDocument(before))
        if (change === undefined) return before
        if (change.release) {
          const removed = await database.transaction((query) => remove(query, [before]))
          if (removed !== 1) continue
          notifications.notifyWatchers(before.action_id, { logged: false })
          return before
        }
        const written = await write(actionChange(before, change, hold, now()))
        if (written) return written
      }
    },
  }
}

/**
 * Calls `decide` with a cached action. An error is ignored, since the action may have changed: it is read and
 * decided again.
 */
function decideOnRecent(
  seen: StoredAction,
  decide: (current: CurrentAction) => Change | undefined,
): Change | undefined {
  try {
    const change = decide(withParsedDocument(seen))
    return change?.release ? undefined : change
  } catch {
    return undefined
  }
}

/** @throws ActionProviderError if the new status cannot be written as JSON */
function actionChange(
  before: StoredAction,
  change: Change,
  hold: Hold | undefined,
  at: number,
): ActionChange {
  try {
    const write = writeForChange(before, change)
    return { before, change, write, events: eventsOf(before, write, at), hold }
  } catch (error) {
    throw storeError(error)
  }
}

/** The events of a change, for workers. */
function eventsOf(before: StoredAction, { action, job }: Write, at: number): StoreEvent[] {
  const { action_id, cancel_requested_at } = action
  const canceled = cancel_requested_at !== undefined && cancel_requested_at !== before.cancel_requested_at
  return [
    ...(job && job.due_at <= at ? [{ kind: 'job' as const }] : []),
    ...(canceled ? [{ kind: 'cancel' as const, action_id }] : []),
  ]
}
