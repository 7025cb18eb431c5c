import { RequestValidationError, StepMismatch } from '../errors.ts'
import type { SealedStep, StoredWork } from '../store/action-store.ts'
import type { Attempt, WorkerContext } from './worker-context.ts'

/** The state of a step, as it is sealed. Times are milliseconds since 1970. */
export type Entry =
  | { kind: 'step'; result?: unknown }
  /** The step failed; its next try is at `until`. */
  | { kind: 'failed'; failures: number; until: number }
  | { kind: 'sleep'; until: number }
  /** The work waits for an event whose value fits this JSON Schema, at most until `until`. */
  | { kind: 'wait'; event: string; schema: object; until?: number }
  /** The awaited event came, in this delivery (base64). */
  | { kind: 'event'; delivery: string }
  /** The wait ended without an event. */
  | { kind: 'timeout' }

/** The states of an action's steps during an attempt. */
export type Journal = {
  /** The unique name of the next step that is called `given`: the second use of a name has `#2` added. */
  name: (given: string) => string
  /** @throws StepMismatch if the step is of another kind */
  find: <K extends Entry['kind']>(name: string, kinds: readonly K[]) => (Entry & { kind: K }) | undefined
  /** Replaces the state of a step, with the next write of progress. */
  keep: (name: string, entry: Entry) => void
}

/** The most steps of an action: all of them are read at the start of each attempt. */
const MOST_STEPS = 10_000

/** The longest result of a step, in characters of JSON. */
const LONGEST_RESULT = 1024 * 1024

/** Valid names of steps. The number sign is reserved for counting. */
const NAME = /^[^#\p{Cc}]{1,128}$/u

/** Valid names of events: they stand in URLs. */
const EVENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** @throws RequestValidationError if the name is not valid */
export function assertEventName(event: string): void {
  if (EVENT_NAME.test(event)) return
  throw new RequestValidationError(
    'Not the name of an event: use 1 to 64 letters, digits, dots, underscores and hyphens, and begin with a letter or digit',
  )
}

/**
 * Returns a function that makes unique names of steps: `charge`, then `charge#2`. An attempt that repeats the
 * same calls gets the same names. It throws TypeError for an invalid name.
 */
export function countedNames(): (given: string) => string {
  const used = new Map<string, number>()
  return (given) => {
    if (!NAME.test(given)) {
      throw new TypeError(`Not the name of a step: use 1 to 128 characters without '#', not '${given}'`)
    }
    const count = (used.get(given) ?? 0) + 1
    used.set(given, count)
    return count === 1 ? given : `${given}#${count}`
  }
}

export function createJournal(
  worker: WorkerContext,
  attempt: Attempt,
  { steps = [] }: { steps?: StoredWork['steps'] },
): Journal {
  const { secrets, namespace } = worker
  const known = new Map(steps.map(({ name, sealed }) => [name, sealed]))

  function open(name: string): Entry | undefined {
    const sealed = known.get(name)
    if (sealed === undefined) return undefined
    const { name: kept, ...entry } = secrets.open(namespace, attempt.actionId, sealed) as Entry & {
      name: string
    }
    if (kept !== name) throw new Error(`The sealed step '${name}' has another name: '${kept}'`)
    return entry
  }

  return {
    name: countedNames(),
    find<K extends Entry['kind']>(name: string, kinds: readonly K[]) {
      const entry = open(name)
      if (entry === undefined) return undefined
      if (kinds.includes(entry.kind as K)) return entry as Entry & { kind: K }
      throw new StepMismatch(name, kinds[0] ?? 'step', entry.kind)
    },
    keep(name, entry) {
      if (!known.has(name) && known.size >= MOST_STEPS) {
        throw new RangeError(
          `This action has ${MOST_STEPS} steps already: do more in one step, or let its work start a further action`,
        )
      }
      const step: SealedStep = { name, sealed: secrets.seal(namespace, attempt.actionId, { name, ...entry }) }
      known.set(name, step.sealed)
      attempt.progress.keep(step, entry.kind === 'step')
    },
  }
}

/**
 * Converts the result of a step to what its JSON gives back, so that it is the same now and when the work
 * runs again.
 * @throws TypeError if the result is not JSON
 * @throws RangeError if its JSON is too long
 */
export function toResult(name: string, value: unknown): unknown {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new TypeError(`The result of the step '${name}' cannot be kept: it must be JSON`, { cause })
  }
  if (text === undefined) return undefined
  if (text.length > LONGEST_RESULT) {
    throw new RangeError(
      `The result of the step '${name}' is ${text.length} characters of JSON, more than ${LONGEST_RESULT}: keep it elsewhere, and return where it is`,
    )
  }
  return JSON.parse(text)
}
