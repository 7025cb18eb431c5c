import { durationOf } from '../documents/duration.ts'
import { formatTime } from '../documents/time.ts'
import { WaitTimeout } from '../errors.ts'
import { compileInput } from '../input/compile-input.ts'
import type { CompiledInput } from '../input/input-schema.ts'
import type { WaitFor, WaitForOptions } from '../provider/run-context.ts'
import type { SealedEvent } from '../store/action-store.ts'
import { unlessOver } from './attempt-waits.ts'
import { openEvent } from './deliver.ts'
import { assertEventName, type Entry, type Journal } from './journal.ts'
import type { AttemptLog } from './progress-buffer.ts'
import type { Attempt, WorkerContext } from './worker-context.ts'

type Waiting = Entry & { kind: 'wait' }
type Came = Entry & { kind: 'event' }

/** The longest schema that stands in a log, in characters of JSON. */
const SHORT = 8_000

/** @param kept the events that had reached the action when the attempt began */
export function createWaitFor(
  worker: WorkerContext,
  attempt: Attempt,
  journal: Journal,
  kept: readonly SealedEvent[],
  log: AttemptLog,
): WaitFor {
  const { store, namespace, now } = worker
  const { waits, progress, actionId } = attempt
  let events = kept
  /** What was given to the work, or fitted nothing it waited for. */
  const done = new Set<string>()

  function begin(name: string, event: string, options: WaitForOptions<object>, schema: object): Waiting {
    const until = options.timeout === undefined ? undefined : now() + durationOf(options.timeout)
    const entry: Waiting = { kind: 'wait', event, schema, ...(until !== undefined && { until }) }
    journal.keep(name, entry)
    const limit = until === undefined ? {} : { until: formatTime(until) }
    // Whoever may answer sees what an answer is, as far as that is short enough for a log.
    const form = JSON.stringify(schema).length <= SHORT ? { schema } : {}
    log('Wait', `The work waits for the event '${event}'`, { event, ...limit, ...form })
    return entry
  }

  /** The next event of a name that fits, and its value. What does not fit counts as if it had not come. */
  async function next(
    event: string,
    schema: CompiledInput<unknown>,
  ): Promise<{ entry: Came; value: unknown } | undefined> {
    for (const each of events) {
      if (each.event !== event || done.has(idOf(each))) continue
      done.add(idOf(each))
      const checked = await schema.validate(openEvent(worker, actionId, each))
      if (checked.ok) {
        const delivery = Buffer.from(each.delivery).toString('base64')
        return { entry: { kind: 'event', delivery }, value: checked.value }
      }
      progress.takeBack({ event, delivery: each.delivery, sealed: null })
      log('EventRefused', `The event '${event}' does not fit`, { event, errors: checked.errors })
    }
    return undefined
  }

  /** What an event gave that was given to the work before. */
  async function given(event: string, entry: Came, schema: CompiledInput<unknown>): Promise<unknown> {
    const found = events.find(
      (each) => each.event === event && Buffer.from(each.delivery).toString('base64') === entry.delivery,
    )
    if (found === undefined) throw new Error(`The event '${event}' that this work has had is gone`)
    done.add(idOf(found))
    const checked = await schema.validate(openEvent(worker, actionId, found))
    if (checked.ok) return checked.value
    throw new Error(`The event '${event}' that this work has had does not fit any more: ${checked.errors}`)
  }

  async function reload(): Promise<void> {
    // An event that comes between the two questions is looked for again.
    const action = await store.get(namespace, actionId)
    const work = await store.getWork(namespace, actionId)
    if (action === undefined || work === undefined) return
    attempt.eventsSeen = action.events
    events = work.events
  }

  async function record(name: string, entry: Entry): Promise<void> {
    waits.begin()
    try {
      journal.keep(name, entry)
      await progress.flush()
    } finally {
      waits.end()
    }
  }

  async function waitFor(event: string, options: WaitForOptions<object>): Promise<unknown> {
    assertEventName(event)
    const name = journal.name(event)
    const schema = compileInput(options.schema) as CompiledInput<unknown>
    const known = journal.find(name, ['wait', 'event', 'timeout'])
    if (known?.kind === 'timeout') throw new WaitTimeout(event)
    if (known?.kind === 'event') return given(event, known, schema)
    const { until = Number.POSITIVE_INFINITY } = known ?? begin(name, event, options, schema.json_schema)
    for (;;) {
      const came = await next(event, schema)
      if (came) {
        await record(name, came.entry)
        return came.value
      }
      if (until <= now()) {
        await record(name, { kind: 'timeout' })
        throw new WaitTimeout(event)
      }
      await waits.until(until, { event, ...(options.inactive && { inactivity: options.inactive }) })
      await reload()
    }
  }

  return unlessOver(waits, waitFor) as WaitFor
}

/** Tells events apart, also one that came again after it was taken back. */
function idOf({ sealed }: SealedEvent): string {
  return Buffer.from(sealed).toString('base64')
}
