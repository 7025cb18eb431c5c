import { randomUUID } from 'node:crypto'
import * as lifecycle from '../action/lifecycle.ts'
import type { Auth, AuthState } from '../auth/auth.ts'
import type { Clock } from '../clock.ts'
import { errorFacts, type Logger } from '../log.ts'
import { within } from '../promise-like.ts'
import type { ActionStore, Change, CurrentAction, Job, StoredAction } from '../store/action-store.ts'
import { LONGEST_WAIT_IN_MEMORY } from './attempt-waits.ts'
import { isCallback } from './callback-urls.ts'
import { type Delivery, deliver } from './deliver.ts'
import type { Encryption } from './encryption.ts'
import { followClock } from './follow-clock.ts'
import { maintainActions, maintainAttempts } from './maintenance.ts'
import { requestPoll } from './remote-work.ts'
import { returnRunning, runJob } from './run-job.ts'
import { resealCaller } from './sealed-state.ts'
import { type ActionStarter, createActionStarter } from './start-action.ts'
import { createJobTaker } from './take-jobs.ts'
import { createWaits, isSuspended, type WaitOptions, type Waits } from './waits.ts'
import {
  type Attempt,
  abort,
  createAttempt,
  loseJob,
  type ManagedProvider,
  NO_INSTRUMENT,
  TIMING,
  type Timing,
  type WorkerContext,
  type WorkInstrument,
} from './worker-context.ts'

/** What a worker needs. */
export type WorkerOptions = {
  provider: ManagedProvider
  store: ActionStore
  auth: Auth
  secrets: Encryption
  log: Logger
  /** The name of this instance, unique among those that share the store (default: random). */
  instance?: string
  /** The public URL of the provider, for callback URLs. */
  publicUrl?: string
  /** Whether this instance takes jobs (default), or only serves requests. */
  works?: boolean
  /**
   * How long `stop` waits for work before it returns the jobs, in milliseconds (default 10,000). In the last
   * fifth of that time the signal of the work is aborted.
   */
  shutdownGrace?: number
  timing?: Partial<Timing>
  /** Measures and traces the work (default: nothing). */
  instrument?: WorkInstrument
  /** Gives the time in milliseconds since 1970 (default: the store's time). */
  clock?: Clock
}

/** Runs the work of one provider's actions: takes due jobs, runs attempts and does maintenance. */
export type Worker = {
  start: () => void
  /** Takes no more jobs, waits for running work within the grace period, then returns the remaining jobs. */
  stop: () => Promise<void>
  /** Makes the worker query for due jobs. */
  nudge: () => void
  /** Records a new action and starts its work; see `ActionStarter`. */
  create: ActionStarter
  /** Makes the sealed state of an action that its creator resumes. @throws ServiceUnavailable */
  reseal: (actionId: string, auth: AuthState) => Promise<Uint8Array>
  /** The change that cancels an action of this provider; `by` names the caller. */
  cancel: (action: CurrentAction, by: string) => Change | undefined
  /** Aborts the work of a canceled action, if it runs on this instance. */
  interrupt: (actionId: string) => void
  /** Delivers an event to an action; see `deliver`. */
  deliver: (delivery: Delivery) => Promise<StoredAction>
  /** Whether the use and signature are those of a callback URL for this event. */
  isCallback: (actionId: string, event: string, url: { use: number; signature: string }) => boolean
  /** Polls remote work, unless its last poll was within the poll interval. Resolves with the newer action. */
  refresh: (action: StoredAction) => Promise<StoredAction | undefined> | StoredAction
  /**
   * Resolves with the action when it is no longer ACTIVE, or when the wait ends; see `Waits.until`.
   * @param options.whileBusy also if its work is suspended for longer than the wait
   */
  whenNotActive: (
    actionId: string,
    milliseconds: number,
    options: WaitOptions & { whileBusy?: boolean },
  ) => Promise<StoredAction | undefined>
  /** Lets a request wait for changes of an action; see `Waits.follow`. */
  follow: Waits['follow']
  /** How many attempts run on this instance now. */
  readonly running: number
}

/** The fraction of the grace period after which the signal of running work is aborted. */
const GRACE_BEFORE_SIGNAL = 0.8

/**
 * How long status waits for a poll of remote work, in milliseconds, before it answers with the action as
 * stored.
 */
const POLL_WAIT = 2_000

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
    publicUrl: options.publicUrl,
    timing: { ...TIMING, ...options.timing },
    now: options.clock ?? store.now,
    instrument: options.instrument ?? NO_INSTRUMENT,
    running: new Map(),
    starting: new Map(),
    state: 'new',
    nudge: () => taker.nudge(),
  }
  const { running, starting, now } = worker
  const taker = createJobTaker(worker, works, launch)
  const remote = provider.work.kind === 'remote'
  const waits = createWaits(worker)
  let stopFunctions: (() => void)[] = []

  function launch(job: Job, takenAt: number): void {
    const attempt = createAttempt(worker, job, takenAt)
    // The instance began to stop while it took the job.
    if (worker.state !== 'working') abort(attempt, 'shutdown')
    const before = running.get(job.action_id)
    track(
      attempt,
      (before ? replaceAttempt(before) : Promise.resolve()).then(() => runJob(worker, attempt)),
    )
  }

  /**
   * Ends an attempt whose job this instance has taken again. Work that ignores its signal has as long as
   * after a cancel.
   */
  async function replaceAttempt(attempt: Attempt): Promise<void> {
    loseJob(attempt)
    await within(attempt.ended, worker.options.cancelGrace)
    attempt.abandoned.resolve()
  }

  function track(attempt: Attempt, done: Promise<void>): void {
    const { actionId } = attempt
    running.set(actionId, attempt)
    if (worker.state === 'stopped') {
      // The action was being recorded when `stop` listed the running attempts.
      abort(attempt, 'shutdown')
      if (attempt.started) void returnRunning(worker, attempt)
    }
    attempt.ended = done
      .catch((error: unknown) => {
        if (attempt.lost) return
        worker.log.error({ err: errorFacts(error), action_id: actionId }, 'Work could not be run')
      })
      .then(() => {
        attempt.progress.close()
        attempt.waits.close()
        if (running.get(actionId) === attempt) running.delete(actionId)
        taker.freed()
      })
  }

  function interrupt(actionId: string): void {
    const attempt = running.get(actionId) ?? starting.get(actionId)
    if (attempt) abort(attempt, 'canceled')
    else taker.nudge()
  }

  /** Waits until no attempt runs, for at most a number of milliseconds. */
  async function awaitRunning(milliseconds: number): Promise<void> {
    const until = performance.now() + milliseconds
    for (let left = milliseconds; running.size > 0 && left > 0; left = until - performance.now()) {
      await within(Promise.all([...running.values()].map(({ ended }) => ended)), left)
    }
  }

  return {
    start() {
      if (worker.state !== 'new') return
      worker.state = 'working'
      const unsubscribe = store.subscribe(namespace, (event) => {
        if (event.kind === 'job') taker.nudge()
        else interrupt(event.action_id)
      })
      // An instance that takes no jobs may still run work that began inline.
      stopFunctions = [
        unsubscribe,
        followClock(worker, taker, options.clock),
        maintainAttempts(worker),
        ...(works ? [maintainActions(worker)] : []),
      ]
      taker.nudge()
    },

    async stop() {
      if (worker.state === 'stopping' || worker.state === 'stopped') return
      worker.state = 'stopping'
      waits.wake()
      // Attempts that have not called the work need not call it here.
      const startingAttempts = [...starting.values()]
      for (const attempt of [...startingAttempts, ...running.values()])
        if (!attempt.started) abort(attempt, 'shutdown')
      const graceEnd = performance.now() + shutdownGrace
      await within(Promise.all([taker.idle(), ...startingAttempts.map(({ ended }) => ended)]), shutdownGrace)
      await awaitRunning(graceEnd - shutdownGrace * (1 - GRACE_BEFORE_SIGNAL) - performance.now())
      for (const attempt of running.values()) abort(attempt, 'shutdown')
      await awaitRunning(graceEnd - performance.now())
      worker.state = 'stopped'
      waits.wake()
      for (const stop of stopFunctions) stop()
      await Promise.all(
        [...running.values()]
          .filter(({ started }) => started)
          // What waits is not interrupted: that it is suspended is being recorded.
          .map((attempt) => (attempt.waits.isOver ? attempt.ended : returnRunning(worker, attempt))),
      )
    },

    nudge: taker.nudge,
    create: createActionStarter(worker, taker, track),
    reseal: (actionId, auth) => resealCaller(worker, actionId, auth),

    cancel(action, by) {
      const isHere = action.runs_on !== undefined
      const change = lifecycle.cancel(action, by, now(), remote || isHere)
      // Remote work between two calls: the job is due at once, and its next call cancels the work.
      return change && remote && !isHere ? { ...change, job: { due_at: now() } } : change
    },

    interrupt,
    deliver: (delivery) => deliver(worker, delivery),
    isCallback: (actionId, event, url) => isCallback(worker, actionId, event, url),

    refresh(action) {
      if (!remote) return action
      return requestPoll(worker, action).then((due) => {
        if (!due) return action
        taker.nudge()
        const isPolled = (a: StoredAction | undefined): boolean =>
          a?.status !== 'ACTIVE' || (a.attempt > action.attempt && a.runs_on === undefined)
        return waits.until(action.action_id, POLL_WAIT, isPolled)
      })
    },

    whenNotActive(actionId, milliseconds, { whileBusy = false, ...options }) {
      const orSuspended = whileBusy && milliseconds <= LONGEST_WAIT_IN_MEMORY
      const isOver = (action: StoredAction | undefined): boolean =>
        action?.status !== 'ACTIVE' || (orSuspended && isSuspended(action))
      return waits.until(actionId, milliseconds, isOver, options)
    },

    follow: waits.follow,

    get running() {
      return running.size
    },
  }
}
