import { type Duration, durationOf, formatDuration } from '../documents/duration.ts'
import { formatTime } from '../documents/time.ts'
import { ActionFailed, ConsentRequired, StepMismatch, TemporaryFailure, WorkInterrupted } from '../errors.ts'
import type { RetryPolicy, RunContext, Step, StepContext, StepOptions } from '../provider/run-context.ts'
import { completeRetry } from '../provider/work-options.ts'
import { backoff } from '../retry.ts'
import type { StoredWork } from '../store/action-store.ts'
import { unlessEnded } from './attempt-waits.ts'
import { createCallbackUrls } from './callback-urls.ts'
import { createJournal, type Entry, toResult } from './journal.ts'
import { Paused } from './outcome.ts'
import { type AttemptLog, logEntry } from './progress-buffer.ts'
import { createWaitFor } from './wait-for.ts'
import type { Attempt, WorkerContext } from './worker-context.ts'

/** The functions of the run context for work in steps. */
export type Steps = Pick<RunContext<unknown>, 'step' | 'sleep' | 'waitFor' | 'callbackUrl'>

type StepFunction = (context: StepContext) => unknown
type Ended = Entry & { kind: 'step' }
type Failed = Entry & { kind: 'failed' }

/** @param stored the steps and events of the action when the attempt begins */
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

  /**
   * Calls the function of a step once. If it succeeds, the result is durable when this resolves.
   * @param failures counts its failures so far
   * @throws the error of the function, unless the step may retry
   */
  async function attemptStep(
    name: string,
    act: StepFunction,
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

  async function waitUntil(until: number): Promise<void> {
    while (until > worker.now()) await waits.until(until)
  }

  async function step(given: string, act: StepFunction, options: StepOptions = {}): Promise<unknown> {
    const name = journal.name(given)
    let entry: Ended | Failed | undefined = journal.find(name, ['step', 'failed'])
    while (entry?.kind !== 'step') {
      await waitUntil(entry?.until ?? 0)
      entry = await attemptStep(name, act, options, entry?.failures ?? 0)
    }
    return entry.result
  }

  async function sleep(given: string, until: Duration | Date): Promise<void> {
    const name = journal.name(given)
    const known = journal.find(name, ['sleep'])?.until
    const end = known ?? timeOf(until, worker.now())
    if (known === undefined && end > worker.now()) {
      journal.keep(name, { kind: 'sleep', until: end })
      log('Sleep', `The work sleeps until ${formatTime(end)}`, { step: name, until: formatTime(end) })
    }
    await waitUntil(end)
  }

  return {
    step: unlessEnded(waits, step) as Step,
    sleep: unlessEnded(waits, sleep),
    waitFor: createWaitFor(worker, attempt, journal, stored.events ?? [], log),
    callbackUrl: createCallbackUrls(worker, attempt),
  }
}

/**
 * Converts a duration or date to milliseconds since 1970.
 * @throws RangeError if it is neither
 */
function timeOf(until: Duration | Date, now: number): number {
  if (!(until instanceof Date)) return now + durationOf(until)
  if (Number.isNaN(until.getTime())) throw new RangeError('The date to sleep until is not valid')
  return until.getTime()
}

/**
 * Calls the function of a step, with its timeout.
 * @throws TemporaryFailure if it takes longer
 */
async function call(
  { actionId, controller: { signal } }: Attempt,
  name: string,
  act: StepFunction,
  timeout: Duration | undefined,
): Promise<unknown> {
  signal.throwIfAborted()
  const idempotencyKey = `${actionId}/${name}`
  if (timeout === undefined) return act({ signal, idempotencyKey })
  const milliseconds = durationOf(timeout)
  const timeoutController = new AbortController()
  const timeoutError = new TemporaryFailure(
    `The step '${name}' took longer than ${formatDuration(milliseconds / 1_000)}`,
  )
  const timedOut = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    timedOut.reject(timeoutError)
    timeoutController.abort(timeoutError)
  }, milliseconds)
  try {
    return await Promise.race([
      act({ signal: AbortSignal.any([signal, timeoutController.signal]), idempotencyKey }),
      timedOut.promise,
    ])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Whether the step's own policy may retry after this error. Errors that address the whole work are thrown to
 * the work.
 */
function mayRetry(error: unknown): boolean {
  const rethrown = [ActionFailed, ConsentRequired, Paused, StepMismatch, WorkInterrupted]
  return !rethrown.some((kind) => error instanceof kind) && !isAbort(error)
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.cause instanceof WorkInterrupted)
}

/** The pause before the next try of a step, in milliseconds; `undefined` if it has reached its limit. */
function waitAfter(error: unknown, failures: number, policy: RetryPolicy): number | undefined {
  const { limit, backoff: first, maximumBackoff: most } = completeRetry(policy)
  if (failures >= limit) return undefined
  const asked = error instanceof TemporaryFailure ? (error.retryAfter ?? 0) : 0
  return Math.max(asked, backoff(failures, { first, most }))
}
