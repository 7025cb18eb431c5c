import { durationOf } from '../documents/duration.ts'
import { formatTime } from '../documents/time.ts'
import { WaitTimeout } from '../errors.ts'
import { compileInput } from '../input/compile-input.ts'
import type { CompiledInput } from '../input/input-schema.ts'
import type { WaitFor, WaitForOptions } from '../provider/run-context.ts'
import type { SealedEvent } from '../store/action-store.ts'
import { unlessEnded } from './attempt-waits.ts'
import { openEvent } from './deliver.ts'
import { assertEventName, type Entry, type Journal } from './journal.ts'
import type { AttemptLog } from './progress-buffer.ts'
import type { Attempt, WorkerContext } from './worker-context.ts'

type WaitEntry = Entry & { kind: 'wait' }
type EventEntry = Entry & { kind: 'event' }

/** The longest JSON Schema that is added to the action's log, in characters. */
const LONGEST_LOGGED_SCHEMA = 8_000

/** @param eventsAtBegin the events that had reached the action when the attempt began */
export function createWaitFor(
  worker: WorkerContext,
  attempt: Attempt,
  journal: Journal,
  eventsAtBegin: readonly SealedEvent[],
  log: AttemptLog,
): WaitFor {
  const { store, namespace, now } = worker
  const { waits, progress, actionId } = attempt
  let events = eventsAtBegin
  /** Events that the work has received, or that fitted no wait. */
  const handled = new Set<string>()

  function begin(name: string, event: string, options: WaitForOptions<object>, schema: object): WaitEntry {
    const until = options.timeout === undefined ? undefined : now() + durationOf(options.timeout)
    const entry: WaitEntry = { kind: 'wait', event, schema, ...(until !== undefined && { until }) }
    journal.keep(name, entry)
    const limit = until === undefined ? {} : { until: formatTime(until) }
    // The log tells callers which values fit.
    const form = JSON.stringify(schema).length <= LONGEST_LOGGED_SCHEMA ? { schema } : {}
    log('Wait', `The work waits for the event '${event}'`, { event, ...limit, ...form })
    return entry
  }

  /** The next event of this name whose value fits. Events that do not fit are removed. */
  async function next(
    event: string,
    schema: CompiledInput<unknown>,
  ): Promise<{ entry: EventEntry; value: unknown } | undefined> {
    for (const each of events) {
      if (each.event !== event || handled.has(idOf(each))) continue
      handled.add(idOf(each))
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

  /** The value of an event that an earlier attempt has received. */
  async function given(event: string, entry: EventEntry, schema: CompiledInput<unknown>): Promise<unknown> {
    const found = events.find(
      (each) => each.event === event && Buffer.from(each.delivery).toString('base64') === entry.delivery,
    )
    if (found === undefined)
      throw new Error(`The event '${event}' that an earlier attempt received no longer exists`)
    handled.add(idOf(found))
    const checked = await schema.validate(openEvent(worker, actionId, found))
    if (checked.ok) return checked.value
    throw new Error(
      `The event '${event}' that an earlier attempt received no longer fits the schema: ${checked.errors}`,
    )
  }

  async function reload(): Promise<void> {
    // The count is read first: if an event comes between the two reads, the worker notices it later.
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

  return unlessEnded(waits, waitFor) as WaitFor
}

/** Identifies an event, also one that was delivered again after it was removed. */
function idOf({ sealed }: SealedEvent): string {
  return Buffer.from(sealed).toString('base64')
}
