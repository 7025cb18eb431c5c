import { randomUUID } from 'node:crypto'
import * as lifecycle from '../action/lifecycle.ts'
import type { Auth, AuthState } from '../auth/auth.ts'
import type { ActionStore, Change, Job, StoredAction } from '../store/action-store.ts'
import { errorFacts } from '../telemetry/error-facts.ts'
import type { Logger } from '../telemetry/logger.ts'
import { NO_TELEMETRY, type Telemetry } from '../telemetry/telemetry.ts'
import { within } from '../within.ts'
import { type Attempt, abort, createAttempt, lose, owns } from './attempt.ts'
import type { Encryption } from './encryption.ts'
import { keepWork, maintain } from './maintenance.ts'
import { changeOf } from './outcome.ts'
import { requestVisit } from './remote.ts'
import { createInlineRunner, type InlineRunner } from './run-inline.ts'
import { runJob } from './run-job.ts'
import { resealed, type SealedState } from './sealed-state.ts'
import { createWaiting } from './waiting.ts'
import {
  logStoreError,
  type ManagedProvider,
  NOT_HANDED_BACK,
  TIMING,
  type Timing,
  type WorkerContext,
} from './worker-context.ts'

/** What an worker needs. */
export type WorkerOptions = {
  provider: ManagedProvider
  store: ActionStore
  auth: Auth
  secrets: Encryption
  log: Logger
  /** Names this process among those that share the store (default: a random name). */
  instance?: string
  /** Whether this instance takes work (default), or only serves requests. */
  works?: boolean
  /**
   * How long `stop` lets work go on before it is handed back, in milliseconds (default 10,000). For the last fifth of it the
   * work is told to stop.
   */
  shutdownGrace?: number
  timing?: Partial<Timing>
  /** What sees its work (default: nothing). */
  telemetry?: Telemetry
  /** The time in milliseconds since 1970 (default: the store's). */
  clock?: () => number
}

/** Runs the work of one provider's actions: takes it, runs it, and sees that it ends. */
export type Worker = {
  start: () => void
  /** Takes no more work, lets what runs end within the grace period, and hands the rest back. */
  stop: () => Promise<void>
  /** Says that there may be work to take. */
  nudge: () => void
  inline: InlineRunner
  /** What is kept, encrypted, for the work of an action that a caller starts. */
  seal: (actionId: string, auth: AuthState) => Uint8Array
  /** The same for an action that its creator resumes. @throws ServiceUnavailable */
  reseal: (actionId: string, auth: AuthState) => Promise<Uint8Array>
  /** What cancel does to an action of this provider. */
  cancel: (action: StoredAction, by: string) => Change | undefined
  /** Tells work that runs here that it is canceled. */
  interrupt: (actionId: string) => void
  /** Asks work in another system how it is, unless that was done just now. */
  refresh: (action: StoredAction) => Promise<StoredAction | undefined> | StoredAction
  /** Resolves with the action when it is no longer ACTIVE, when the time (milliseconds) is over, or when `signal` aborts. */
  whenNotActive: (
    actionId: string,
    timeout: number,
    signal?: AbortSignal,
  ) => Promise<StoredAction | undefined>
  /** How many actions run here at this moment. */
  readonly running: number
}

/** The part of the grace period in which work goes on as if nothing were; in the rest it is told to stop. */
const GRACE_BEFORE_SIGNAL = 0.8

/** How long status waits for another system's answer, in milliseconds, before it tells what was known. */
const VISIT_WAIT = 2_000

export function createWorker(options: WorkerOptions): Worker {
  const { provider, store, works = true, shutdownGrace = 10_000 } = options
  const { namespace } = provider
  const worker: WorkerContext = {
    provider,
    namespace,
    options: provider.work.options,
    store,
    auth: options.auth,
    secrets: options.secrets,
    log: options.log.child({ provider: namespace }),
    instance: options.instance ?? randomUUID(),
    timing: { ...TIMING, ...options.timing },
    now: options.clock ?? store.now,
    telemetry: options.telemetry ?? NO_TELEMETRY,
    running: new Map(),
    state: 'new',
    nudge,
  }
  const { running, instance, now, telemetry } = worker
  const remote = provider.work.kind === 'remote'
  const waiting = createWaiting(worker)
  let endings: (() => void)[] = []
  let filling: Promise<void> | undefined
  let fillAgain = false

  function nudge(): void {
    if (!works || worker.state !== 'working') return
    fillAgain = true
    filling ??= telemetry
      .apart(fill)
      .catch((error: unknown) => logStoreError(worker, error, 'Work could not be taken'))
      .finally(() => {
        filling = undefined
        if (fillAgain) setImmediate(nudge)
      })
  }

  async function fill(): Promise<void> {
    while (fillAgain && worker.state === 'working') {
      fillAgain = false
      const free = worker.options.concurrency - running.size
      if (free <= 0) return
      const askedAt = performance.now()
      const jobs = await store.takeJobs(namespace, instance, free)
      for (const job of jobs) launch(job, askedAt)
      if (jobs.length > 0) fillAgain = true
    }
  }

  function launch(job: Job, takenAt: number): void {
    const attempt = createAttempt(worker, job, takenAt)
    // It was taken while the instance began to stop.
    if (worker.state !== 'working') abort(attempt, 'shutdown')
    const before = running.get(job.action_id)
    track(
      attempt,
      (before ? end(before) : Promise.resolve()).then(() => runJob(worker, attempt)),
    )
  }

  /** Ends an attempt whose job was taken anew. Work that ignores its signal is waited for no longer than after cancel. */
  async function end(attempt: Attempt): Promise<void> {
    lose(attempt)
    await within(attempt.ended, worker.options.cancelGrace)
    attempt.abandoned.resolve()
  }

  function track(attempt: Attempt, done: Promise<void>): void {
    const { actionId } = attempt
    running.set(actionId, attempt)
    if (worker.state === 'stopped') {
      // It began while its action was being written, and stop does not know of it.
      abort(attempt, 'shutdown')
      void handBack(attempt)
    }
    attempt.ended = done
      .catch((error: unknown) => {
        if (attempt.lost) return
        worker.log.error({ err: errorFacts(error), action_id: actionId }, 'Work could not be run')
      })
      .then(() => {
        attempt.reports.close()
        if (running.get(actionId) === attempt) running.delete(actionId)
        waiting.wake(actionId)
        nudge()
      })
  }

  function seal(actionId: string, { token }: AuthState): Uint8Array {
    const traceparent = telemetry.traceparent?.()
    const content: SealedState = { caller: token, ...(traceparent !== undefined && { traceparent }) }
    return options.secrets.seal(namespace, actionId, content)
  }

  function interrupt(actionId: string): void {
    const attempt = running.get(actionId)
    if (attempt) abort(attempt, 'canceled')
    else nudge()
  }

  /** Waits until nothing runs any more, or the time is over. */
  async function runOut(milliseconds: number): Promise<void> {
    const until = performance.now() + milliseconds
    for (let left = milliseconds; running.size > 0 && left > 0; left = until - performance.now()) {
      await within(Promise.all([...running.values()].map(({ ended }) => ended)), left)
    }
  }

  /** Makes what still runs due for another instance. Should it end here all the same, the action is no longer this attempt's. */
  async function handBack(attempt: Attempt): Promise<void> {
    try {
      await store.transition(namespace, attempt.actionId, (current) =>
        owns(worker, current, attempt)
          ? changeOf(worker, current, { kind: 'interrupted' }, now())
          : undefined,
      )
    } catch (error) {
      logStoreError(worker, error, NOT_HANDED_BACK, { action_id: attempt.actionId })
    }
  }

  return {
    start() {
      if (worker.state !== 'new') return
      worker.state = 'working'
      const unsubscribe = store.subscribe(namespace, (event) => {
        if (event.kind === 'job') nudge()
        else interrupt(event.action_id)
      })
      // Who takes no work may still have some that began inside the transaction of its action.
      endings = [unsubscribe, keepWork(worker), ...(works ? [maintain(worker)] : [])]
      nudge()
    },

    async stop() {
      if (worker.state === 'stopping' || worker.state === 'stopped') return
      worker.state = 'stopping'
      // What has not begun need not begin here.
      for (const attempt of running.values()) if (!attempt.started) abort(attempt, 'shutdown')
      const over = performance.now() + shutdownGrace
      await within(Promise.resolve(filling), shutdownGrace)
      await runOut(over - shutdownGrace * (1 - GRACE_BEFORE_SIGNAL) - performance.now())
      for (const attempt of running.values()) abort(attempt, 'shutdown')
      await runOut(over - performance.now())
      worker.state = 'stopped'
      for (const end of endings) end()
      await Promise.all([...running.values()].filter(({ started }) => started).map(handBack))
    },

    nudge,
    inline: createInlineRunner(worker, track, seal),
    seal,
    reseal: (actionId, auth) => resealed(worker, actionId, auth),

    cancel(action, by) {
      const isHere = action.runs_on !== undefined
      const change = lifecycle.cancel(action, by, now(), remote || isHere)
      // It runs in the other system, which the next visit, at once, will tell.
      return change && remote && !isHere ? { ...change, job: { due_at: now() } } : change
    },

    interrupt,

    refresh(action) {
      if (!remote) return action
      return requestVisit(worker, action).then((due) => {
        if (!due) return action
        nudge()
        const visited = (a: StoredAction | undefined): boolean =>
          a?.status !== 'ACTIVE' || (a.attempt > action.attempt && a.runs_on === undefined)
        return waiting.until(action.action_id, VISIT_WAIT, visited)
      })
    },

    whenNotActive: (actionId, timeout, signal) =>
      waiting.until(actionId, timeout, (action) => action?.status !== 'ACTIVE', signal),

    get running() {
      return running.size
    },
  }
}
