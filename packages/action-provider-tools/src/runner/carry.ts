import type { ActionRequest } from '../documents/action-request.ts'
import { WorkInterrupted } from '../errors.ts'
import * as lifecycle from '../lifecycle/lifecycle.ts'
import type { Change, StoredAction } from '../store/action-store.ts'
import { type Attempt, owns } from './attempt.ts'
import { runContext } from './context.ts'
import { changeOf, type Outcome, outcomeOf } from './outcome.ts'
import { pollInterval, visit } from './remote.ts'
import type { Report } from './reports.ts'
import { keepContent, openContent, traceparentOf } from './sealed-content.ts'
import { DEADLINE_EXCEEDED, INTERRUPTED, isOverdue, persist, type Workshop } from './workshop.ts'

/** Runs the work of an action whose job this instance holds, from its beginning to what follows from it. */
export async function carry(workshop: Workshop, attempt: Attempt): Promise<void> {
  const { store, namespace, instance, telemetry } = workshop
  const { actionId } = attempt
  const startedAt = Date.now()
  const action = await persist(workshop, () =>
    store.transition(namespace, actionId, (current) => beginning(workshop, current)),
  )
  if (action?.status !== 'ACTIVE' || action.runs_on !== instance) return
  attempt.number = action.attempt
  attempt.deadlineAt = action.deadline_at
  const request = await persist(workshop, () => store.getRequest(namespace, actionId))
  if (request === undefined) return
  const sealed = await persist(workshop, () => store.getSecret(namespace, actionId))
  const traceparent = await traceparentOf(workshop, actionId, sealed)
  const part = { name: 'work', action_id: actionId, attempt: attempt.number, traceparent, startedAt } as const
  await telemetry.background(part, async (ended) => {
    const outcome = await execute(workshop, attempt, action, request, sealed)
    ended(outcome.kind)
    await conclude(workshop, attempt, outcome)
  })
}

/** What the beginning of a run does to an action: it may have ended before it could begin. */
function beginning(workshop: Workshop, current: StoredAction): Change {
  const { provider, options, instance, now } = workshop
  if (current.status !== 'ACTIVE') return { job: 'done' }
  // Work in another system is visited once more, to be told that it must end.
  if (provider.work.kind !== 'remote') {
    if (current.cancel_requested_at !== undefined) return lifecycle.canceled(current, now(), [])
    if (isOverdue(workshop, current)) return lifecycle.fail(current, DEADLINE_EXCEEDED, now())
  }
  if (current.runs_on !== undefined && !options.restartable)
    return lifecycle.fail(current, INTERRUPTED, now())
  return lifecycle.startAttempt(current, instance)
}

async function execute(
  workshop: Workshop,
  attempt: Attempt,
  action: StoredAction,
  request: ActionRequest,
  sealed: Uint8Array | undefined,
): Promise<Outcome> {
  const { work } = workshop.provider
  const working = async (): Promise<unknown> => {
    const keeper = keepContent(workshop, attempt, openContent(workshop, attempt.actionId, sealed))
    const { creator_id, start_time = '' } = lifecycle.statusOf(action)
    const begun = { creator_id, start_time, request }
    const context = runContext(workshop, attempt, begun, keeper.dependentToken)
    if (work.kind === 'remote') return visit(workshop, action, context, keeper)
    // It may have been told to stop before it could begin.
    context.signal.throwIfAborted()
    return work.run(context as never)
  }
  return outcomeOf(workshop, attempt, working())
}

/** Records what follows from a run, and makes sure of it: however long the database is away, and only while the action is this run's. */
export async function conclude(workshop: Workshop, attempt: Attempt, outcome: Outcome): Promise<void> {
  const { store, namespace, now } = workshop
  if (outcome.kind === 'abandoned' || isLost(attempt, outcome)) return
  logOutcome(workshop, attempt, outcome)
  const said = await attempt.reports.drain()
  const endedAt = now()
  const after = await persist(workshop, () =>
    store.transition(namespace, attempt.actionId, (current) =>
      owns(workshop, current, attempt) ? lastChange(workshop, current, said, outcome, endedAt) : undefined,
    ),
  )
  if (after?.status !== 'ACTIVE') return
  if (outcome.kind === 'retry') nudgeIn(workshop, outcome.after)
  if (outcome.kind === 'visited') nudgeIn(workshop, pollInterval(workshop))
}

/** What the work said last, and what follows from its end, in one change. */
function lastChange(
  workshop: Workshop,
  current: StoredAction,
  said: Report,
  outcome: Exclude<Outcome, { kind: 'abandoned' }>,
  at: number,
): Change {
  const { status, log = [] } = lifecycle.progress(current, said, said.log)
  const change = changeOf(workshop, { ...current, document: JSON.stringify(status) }, outcome, at)
  return { ...(status && { status }), ...change, log: [...log, ...(change.log ?? [])] }
}

/** Another instance has the action now: whatever follows is that one's to record. */
function isLost(attempt: Attempt, outcome: Outcome): boolean {
  const reason: unknown = attempt.controller.signal.reason
  return outcome.kind === 'interrupted' && reason instanceof WorkInterrupted && reason.reason === 'lost'
}

/** Logs what no caller is told. */
export function logOutcome({ log }: Workshop, { actionId }: Attempt, outcome: Outcome): void {
  if (outcome.kind === 'failed' && 'unexpected' in outcome) {
    log.error({ err: outcome.unexpected, action_id: actionId }, 'The work of an action failed')
  }
  if (outcome.kind === 'retry') {
    log.warn(
      { err: outcome.cause, action_id: actionId, after: outcome.after },
      'The work will be tried again',
    )
  }
}

/** Looks for work once a time has passed, in milliseconds. The engine looks anyway; this is sooner. */
export function nudgeIn(workshop: Workshop, milliseconds: number): void {
  setTimeout(workshop.nudge, milliseconds + 5).unref()
}
