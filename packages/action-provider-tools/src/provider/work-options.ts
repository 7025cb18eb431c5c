import { type Duration, durationOf } from '../documents/duration.ts'
import { InvalidDefinition } from '../errors.ts'
import { type Concurrency, type ConcurrencyLimits, concurrencyLimits } from './concurrency.ts'
import type { RetryPolicy } from './run-context.ts'
import { type VersionOptions, type WorkVersion, workVersion } from './versions.ts'

/** The options of work. */
export type WorkOptions<Input = never> = {
  /**
   * How many actions of this provider run at once: on one instance, or by caller and key too (default 100 on
   * an instance).
   */
  concurrency?: number | Concurrency<Input>
  /**
   * Whether work may run again after a crash (default true). If not, the action is FAILED with code
   * `Interrupted`.
   */
  restartable?: boolean
  retry?: RetryPolicy
  /** How long canceled work may take to stop (default 10 seconds). */
  cancelGrace?: Duration
  /**
   * How long run waits for the work to end, so that its answer is the complete action, at most a minute
   * (default a second; a minute for a synchronous provider; 0, which turns it off, for work in another
   * system).
   */
  answerWithin?: Duration
}

/** The options of work, complete and in milliseconds. */
export type CompleteOptions = {
  concurrency: ConcurrencyLimits
  restartable: boolean
  retry: CompleteRetry
  cancelGrace: number
  answerWithin: number
  /** For work in another system. */
  pollInterval: number
  /** Absent if the provider has no versions. */
  version: WorkVersion | undefined
}

export type CompleteRetry = { limit: number; backoff: number; maximumBackoff: number }

/** The longest that a request waits for its action, in milliseconds. */
export const LONGEST_WAIT = 60_000

/** The options of all kinds of work, as an author gives them. */
type Given = WorkOptions &
  VersionOptions & { pollInterval?: Duration; description?: { synchronous: boolean }; start?: unknown }

/** @throws InvalidDefinition */
export function workOptions(given: Given): CompleteOptions {
  const isRemote = given.start !== undefined
  const wait = given.description?.synchronous ? LONGEST_WAIT : isRemote ? 0 : 1_000
  const version = workVersion(given)
  if (isRemote && version !== undefined) {
    throw new InvalidDefinition(
      "Work in another system has no steps that a 'version' could be for: all that is kept of it is its handle",
    )
  }
  const answerWithin = milliseconds('answerWithin', given.answerWithin ?? wait)
  if (answerWithin > LONGEST_WAIT) {
    throw new InvalidDefinition(`'answerWithin' must be at most ${LONGEST_WAIT} milliseconds`)
  }
  return {
    concurrency: concurrencyLimits(given.concurrency ?? 100),
    restartable: given.restartable ?? true,
    retry: completeRetry(given.retry ?? {}),
    cancelGrace: milliseconds('cancelGrace', given.cancelGrace ?? 10_000),
    answerWithin,
    pollInterval: milliseconds('pollInterval', given.pollInterval ?? 5_000),
    version,
  }
}

/**
 * A policy of retries with its defaults, in milliseconds.
 * @throws InvalidDefinition
 */
export function completeRetry({
  limit = 5,
  backoff = 1_000,
  maximumBackoff = 60_000,
}: RetryPolicy): CompleteRetry {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new InvalidDefinition("'retry.limit' must be a whole number of at least 1")
  }
  return {
    limit,
    backoff: milliseconds('retry.backoff', backoff),
    maximumBackoff: milliseconds('retry.maximumBackoff', maximumBackoff),
  }
}

function milliseconds(name: string, duration: Duration): number {
  try {
    return durationOf(duration)
  } catch (cause) {
    throw new InvalidDefinition(
      `'${name}' must be a duration: milliseconds, an ISO 8601 text such as 'PT10M', or units such as { minutes: 10 }`,
      { cause },
    )
  }
}
