import { randomUUID } from 'node:crypto'
import * as lifecycle from '../action/lifecycle.ts'
import type { Auth, AuthState } from '../auth/auth.ts'
import type { Clock } from '../clock.ts'
import { errorFacts, type Logger } from '../log.ts'
import { within } from '../promise-like.ts'
import type { ActionStore, Change, CurrentAction, Job, StoredAction } from '../store/action-store.ts'
import { IN_MEMORY } from './attempt-waits.ts'
import { isCallback } from './callback-urls.ts'
import { type Delivery, deliver } from './deliver.ts'
import type { Encryption } from './encryption.ts'
import { followClock } from './follow-clock.ts'
import { maintainActions, maintainAttempts } from './maintenance.ts'
import { requestPoll } from './remote-work.ts'
import { handBack, runJob } from './run-job.ts'
import { resealCaller } from './sealed-state.ts'
import { type ActionStarter, createActionStarter } from './start-action.ts'
import { createJobTaker } from './take-jobs.ts'
import { createWaits, isSuspended, type WaitOptions, type Waits } from './waits.ts'
import {
  type Attempt,
  abort,
  createAttempt,
  lose,
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
  /** Names this process among those that share the store (default: a random name). */
  instance?: string
  /** The provider's URL for the outside world, for callback URLs. */
  publicUrl?: string
  /** Whether this instance takes work (default), or only serves requests. */
  works?: boolean
  /**
   * How long `stop` lets work go on before it is handed back, in milliseconds (default 10,000). In the last
   * fifth of it the work's signal aborts.
   */
  shutdownGrace?: number
  timing?: Partial<Timing>
  /** What measures and traces its work (default: nothing). */
  instrument?: WorkInstrument
  /** The time in milliseconds since 1970 (default: the store's). */
  clock?: Clock
}

/** Runs the work of one provider's actions: takes due jobs, runs them, and maintains what it has begun. */
export type Worker = {
  start: () => void
  /** Takes no more work, lets what runs end within the grace period, and hands the rest back. */
  stop: () => Promise<void>
  /** Makes it look for due jobs. */
  nudge: () => void
  /** Records a new action, and begins its work as soon as may be. */
  create: ActionStarter
  /** Seals what the work of an action needs of its creator who resumes it. @throws ServiceUnavailable */
  reseal: (actionId: string, auth: AuthState) => Promise<Uint8Array>
  /** What cancel does to an action of this provider. */
  cancel: (action: CurrentAction, by: string) => Change | undefined
  /** Aborts the work of a canceled action, where it runs here. */
  interrupt: (actionId: string) => void
  /** Lets an event reach an action: see `deliver`. */
  deliver: (delivery: Delivery) => Promise<StoredAction>
  /** Whether who sends an event has its signed URL. */
  isCallback: (actionId: string, event: string, url: { use: number; signature: string }) => boolean
  /** Polls work in another system, unless that was done within its poll interval. */
  refresh: (action: StoredAction) => Promise<StoredAction | undefined> | StoredAction
  /**
   * Resolves with the action when it is no longer ACTIVE, or when it was waited for long enough: see `Waits`.
   * @param options.whileBusy also when its work is suspended for longer than that
   */
  whenNotActive: (
    actionId: string,
    milliseconds: number,
    options: WaitOptions & { whileBusy?: boolean },
  ) => Promise<StoredAction | undefined>
  /** Lets a request follow an action. */
  follow: Waits['follow']
  /** How many actions run here at this moment. */
  readonly running: number
}

/** The part of the grace period in which work goes on undisturbed. In the rest its signal is aborted. */
const GRACE_BEFORE_SIGNAL = 0.8

/** How long status waits for a poll of another system, in milliseconds, before it answers what was known. */
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
  let endings: (() => void)[] = []

  function launch(job: Job, takenAt: number): void {
    const attempt = createAttempt(worker, job, takenAt)
    // The instance began to stop while the job was taken.
    if (worker.state !== 'working') abort(attempt, 'shutdown')
    const before = running.get(job.action_id)
    track(
      attempt,
      (before ? end(before) : Promise.resolve()).then(() => runJob(worker, attempt)),
    )
  }

  /** Ends an attempt whose job was taken anew. Work that ignores its signal has as long as after cancel. */
  async function end(attempt: Attempt): Promise<void> {
    lose(attempt)
    await within(attempt.ended, worker.options.cancelGrace)
    attempt.abandoned.resolve()
  }

  function track(attempt: Attempt, done: Promise<void>): void {
    const { actionId } = attempt
    running.set(actionId, attempt)
    if (worker.state === 'stopped') {
      // It began while its action was being written, after stop had listed what runs.
      abort(attempt, 'shutdown')
      if (attempt.started) void handBack(worker, attempt)
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

  /** Waits until nothing runs any more, or the time is over. */
  async function runOut(milliseconds: number): Promise<void> {
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
      // An instance that takes no jobs may still run work that began inside the transaction of its action.
      endings = [
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
      // What has not begun need not begin here.
      const beginning = [...starting.values()]
      for (const attempt of [...beginning, ...running.values()])
        if (!attempt.started) abort(attempt, 'shutdown')
      const over = performance.now() + shutdownGrace
      await within(Promise.all([taker.idle(), ...beginning.map(({ ended }) => ended)]), shutdownGrace)
      await runOut(over - shutdownGrace * (1 - GRACE_BEFORE_SIGNAL) - performance.now())
      for (const attempt of running.values()) abort(attempt, 'shutdown')
      await runOut(over - performance.now())
      worker.state = 'stopped'
      waits.wake()
      for (const end of endings) end()
      await Promise.all(
        [...running.values()].filter(({ started }) => started).map((attempt) => handBack(worker, attempt)),
      )
    },

    nudge: taker.nudge,
    create: createActionStarter(worker, taker, track),
    reseal: (actionId, auth) => resealCaller(worker, actionId, auth),

    cancel(action, by) {
      const isHere = action.runs_on !== undefined
      const change = lifecycle.cancel(action, by, now(), remote || isHere)
      // It runs in the other system, where the next call cancels it, at once.
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
      const orSuspended = whileBusy && milliseconds <= IN_MEMORY
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
