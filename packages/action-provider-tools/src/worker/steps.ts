import { type Duration, durationOf, formatDuration } from '../documents/duration.ts'
import { formatTime } from '../documents/time.ts'
import { ActionFailed, ConsentRequired, StepMismatch, TemporaryFailure, WorkInterrupted } from '../errors.ts'
import type { RetryPolicy, RunContext, Step, StepContext, StepOptions } from '../provider/run-context.ts'
import { completeRetry } from '../provider/work-options.ts'
import { backoff } from '../retry.ts'
import type { StoredWork } from '../store/action-store.ts'
import { unlessOver } from './attempt-waits.ts'
import { createCallbackUrls } from './callback-urls.ts'
import { createJournal, type Entry, toResult } from './journal.ts'
import { Paused } from './outcome.ts'
import { type AttemptLog, logEntry } from './progress-buffer.ts'
import { createWaitFor } from './wait-for.ts'
import type { Attempt, WorkerContext } from './worker-context.ts'

/** What an author's work is given to remember what it has done. */
export type Steps = Pick<RunContext<unknown>, 'step' | 'sleep' | 'waitFor' | 'callbackUrl'>

type Act = (context: StepContext) => unknown
type Ended = Entry & { kind: 'step' }
type Failed = Entry & { kind: 'failed' }

/** @param stored the steps and events with which the attempt begins */
export function createSteps(
  worker: WorkerContext,
  attempt: Attempt,
  stored: Partial<Pick<StoredWork, 'steps' | 'events'>>,
): Steps {
  const { waits, progress } = attempt
  const journal = createJournal(worker, attempt, stored)

  const log: AttemptLog = (code, description, details) => {
    if (!worker.provider.description.log_supported) return
    progress.log(logEntry(worker.now(), code, description, details))
  }

  /** Calls a step. What comes of it is durable when this resolves with its end. */
  async function attemptStep(
    name: string,
    act: Act,
    { retry, timeout }: StepOptions,
    failures: number,
  ): Promise<Ended | Failed> {
    waits.begin()
    try {
      const began = performance.now()
      const entry: Ended = { kind: 'step', result: toResult(name, await call(attempt, name, act, timeout)) }
      const duration = formatDuration((performance.now() - began) / 1_000)
      journal.keep(name, entry)
      log('Step', `The step '${name}' has ended`, { step: name, duration })
      await progress.flush()
      return entry
    } catch (error) {
      const wait = retry && mayRetry(error) ? waitAfter(error, failures + 1, retry) : undefined
      if (wait === undefined) throw error
      const entry: Failed = { kind: 'failed', failures: failures + 1, until: worker.now() + wait }
      journal.keep(name, entry)
      log('StepFailed', `The step '${name}' has failed and will be tried again`, { step: name })
      return entry
    } finally {
      waits.end()
    }
  }

  async function passed(until: number): Promise<void> {
    while (until > worker.now()) await waits.until(until)
  }

  async function step(given: string, act: Act, options: StepOptions = {}): Promise<unknown> {
    const name = journal.name(given)
    let entry: Ended | Failed | undefined = journal.find(name, ['step', 'failed'])
    while (entry?.kind !== 'step') {
      await passed(entry?.until ?? 0)
      entry = await attemptStep(name, act, options, entry?.failures ?? 0)
    }
    return entry.result
  }

  async function sleep(given: string, until: Duration | Date): Promise<void> {
    const name = journal.name(given)
    const known = journal.find(name, ['sleep'])?.until
    const over = known ?? timeOf(until, worker.now())
    if (known === undefined && over > worker.now()) {
      journal.keep(name, { kind: 'sleep', until: over })
      log('Sleep', `The work sleeps until ${formatTime(over)}`, { step: name, until: formatTime(over) })
    }
    await passed(over)
  }

  return {
    step: unlessOver(waits, step) as Step,
    sleep: unlessOver(waits, sleep),
    waitFor: createWaitFor(worker, attempt, journal, stored.events ?? [], log),
    callbackUrl: createCallbackUrls(worker, attempt),
  }
}

/** @throws RangeError where it is neither a duration nor a date */
function timeOf(until: Duration | Date, now: number): number {
  if (!(until instanceof Date)) return now + durationOf(until)
  if (Number.isNaN(until.getTime())) throw new RangeError('Not a date to sleep until: it is invalid')
  return until.getTime()
}

/** Calls what a step does, for as long as it may take. */
async function call(
  { actionId, controller: { signal } }: Attempt,
  name: string,
  act: Act,
  timeout: Duration | undefined,
): Promise<unknown> {
  signal.throwIfAborted()
  const idempotencyKey = `${actionId}/${name}`
  if (timeout === undefined) return act({ signal, idempotencyKey })
  const milliseconds = durationOf(timeout)
  const limit = new AbortController()
  const late = new TemporaryFailure(
    `The step '${name}' took longer than ${formatDuration(milliseconds / 1_000)}`,
  )
  const over = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    over.reject(late)
    limit.abort(late)
  }, milliseconds)
  try {
    return await Promise.race([
      act({ signal: AbortSignal.any([signal, limit.signal]), idempotencyKey }),
      over.promise,
    ])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Whether a step that threw this may be tried again by its own policy. What it meant for the work goes to the
 * work.
 */
function mayRetry(error: unknown): boolean {
  const meant = [ActionFailed, ConsentRequired, Paused, StepMismatch, WorkInterrupted]
  return !meant.some((kind) => error instanceof kind) && !isAbort(error)
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.cause instanceof WorkInterrupted)
}

/**
 * How long to wait before a step is tried again, in milliseconds; `undefined` where it has failed too often.
 */
function waitAfter(error: unknown, failures: number, policy: RetryPolicy): number | undefined {
  const { limit, backoff: first, maximumBackoff: most } = completeRetry(policy)
  if (failures >= limit) return undefined
  const asked = error instanceof TemporaryFailure ? (error.retryAfter ?? 0) : 0
  return Math.max(asked, backoff(failures, { first, most }))
}
