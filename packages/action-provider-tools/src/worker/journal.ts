import { RequestValidationError, StepMismatch } from '../errors.ts'
import type { SealedStep, StoredWork } from '../store/action-store.ts'
import type { Attempt, WorkerContext } from './worker-context.ts'

/** What is known of a step. Times are milliseconds since 1970. */
export type Entry =
  | { kind: 'step'; result?: unknown }
  /** It has failed so often, and is to be tried again then. */
  | { kind: 'failed'; failures: number; until: number }
  | { kind: 'sleep'; until: number }
  /** It waits for an event whose value fits this JSON Schema, until then where there is a limit. */
  | { kind: 'wait'; event: string; schema: object; until?: number }
  /** The event that it waited for came, in this delivery (base64). */
  | { kind: 'event'; delivery: string }
  /** No event came in time. */
  | { kind: 'timeout' }

/** What is known of the steps of an action's work, as an attempt sees it. */
export type Journal = {
  /** The name under which a step of this attempt is kept: a name that is used again counts up. */
  name: (given: string) => string
  /** @throws StepMismatch where the step was of another kind */
  find: <K extends Entry['kind']>(name: string, kinds: readonly K[]) => (Entry & { kind: K }) | undefined
  /** Keeps what is known of a step now, for the next write. */
  keep: (name: string, entry: Entry) => void
}

/** How many steps an action may have: all of them are read whenever its work begins. */
const MOST_STEPS = 10_000

/** How long a result may be as JSON, in characters. */
const LONGEST_RESULT = 1024 * 1024

/** What an author may call a step. The number sign counts. */
const NAME = /^[^#\p{Cc}]{1,128}$/u

/** What an event may be called: it stands in a URL. */
const EVENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** @throws RequestValidationError */
export function assertEventName(event: string): void {
  if (EVENT_NAME.test(event)) return
  throw new RequestValidationError(
    'Not the name of an event: it has 1 to 64 letters, digits, dots, underscores and hyphens, and begins with a letter or digit',
  )
}

/** Makes the names under which the steps of one run are kept: a name that is used again counts up. */
export function countedNames(): (given: string) => string {
  const used = new Map<string, number>()
  return (given) => {
    if (!NAME.test(given)) {
      throw new TypeError(`Not the name of a step: give 1 to 128 characters without '#', not '${given}'`)
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
    if (kept !== name) throw new Error(`What is kept of the step '${name}' is of another: '${kept}'`)
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
 * What a step gives now and whenever the work runs again: its result as JSON has it.
 * @throws TypeError where it is no JSON, RangeError where it is too long
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
