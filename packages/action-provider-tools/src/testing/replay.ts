import { setImmediate, setTimeout } from 'node:timers/promises'
import { StepMismatch, WaitTimeout } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'
import { countedNames, type Entry } from '../worker/journal.ts'
import { Paused } from '../worker/outcome.ts'
import type { RecordedAction, RecordedStep } from './record.ts'

/** How far recorded work gets: to its end, or to the steps that it would run next. */
export type Replayed = { ended: true; result: unknown } | { ended: false; next: readonly string[] }

/** How long work may do other things before it asks for a recorded step, in milliseconds. */
const PATIENCE = 1_000

/**
 * Runs work against the recorded steps of an action, as a provider does that continues it. It stores nothing
 * and runs no step: the work stops where the record ends. Code outside of steps runs.
 *
 * @throws StepMismatch if a step has the name of another kind of step. Error if the work gets to its end, or
 * to an unrecorded step, without asking for all recorded steps. Any error of the work
 * @example expect(await replay(provider, before)).toEqual({ ended: false, next: ['collect'] })
 */
export async function replay(provider: ActionProvider, action: RecordedAction): Promise<Replayed> {
  const { work } = provider
  if (work.kind !== 'run') throw new TypeError('Only the work of a `run` has steps to replay')
  const recall = createMemory(action)
  const done = Promise.resolve().then(() => work.run(contextOf(action, recall) as never))
  const ended = done.then((result): Replayed => ({ ended: true, result }))
  const standing = recall.end.then(async (): Promise<Replayed> => {
    await standsStill(recall)
    return { ended: false, next: recall.next }
  })
  const replayed = await Promise.race([ended, standing]).catch((error: unknown) => {
    throw recall.mismatch ?? error
  })
  ended.catch(() => {})
  if (recall.mismatch) throw recall.mismatch
  if (recall.left.length > 0) throw new Error(misfit(recall, replayed))
  return replayed
}

/** The steps that the work has asked for so far. */
type Memory = {
  /** Returns the recorded result of a name; never resolves if there is none. */
  find: (given: string, kind: Entry['kind']) => Promise<RecordedStep>
  /** Resolves when the work has asked for a step that is not recorded. */
  end: Promise<void>
  /** The steps that it has asked for and that are not recorded. */
  next: string[]
  /** The recorded steps that it has not asked for. */
  readonly left: string[]
  mismatch: StepMismatch | undefined
}

/** The context of the work, with results from the record. */
const KINDS = {
  step: 'step',
  failed: 'step',
  sleep: 'sleep',
  wait: 'wait',
  event: 'wait',
  timeout: 'wait',
} as const satisfies Record<Entry['kind'], Entry['kind']>

function createMemory({ steps }: RecordedAction): Memory {
  const nameOf = countedNames()
  const known = new Map(Object.entries(steps))
  const left = new Set(known.keys())
  const end = Promise.withResolvers<void>()
  const memory: Memory = {
    async find(given, kind) {
      const name = nameOf(given)
      const entry = known.get(name)
      left.delete(name)
      const found = entry && KINDS[entry.kind]
      if (found !== undefined && found !== kind) {
        memory.mismatch ??= new StepMismatch(name, kind, found)
        throw memory.mismatch
      }
      // A failed step would run again, and an awaited event has not arrived.
      if (entry !== undefined && entry.kind !== 'failed' && entry.kind !== 'wait') return entry
      memory.next.push(name)
      end.resolve()
      return new Promise<never>(() => {})
    },
    end: end.promise,
    next: [],
    get left() {
      return [...left]
    },
    mismatch: undefined,
  }
  return memory
}

/**
 * Resolves when the code beside the unrecorded steps has asked for all recorded ones, or its time is over.
 */
async function standsStill(memory: Memory): Promise<void> {
  for (let asked = -1; asked !== memory.next.length; await setImmediate()) asked = memory.next.length
  for (const until = performance.now() + PATIENCE; memory.left.length > 0 && performance.now() < until; ) {
    await setTimeout(1)
  }
}

function ignore(): void {}

const SILENT: Logger = {
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
  child: () => SILENT as ReturnType<Logger['child']>,
}

function contextOf({ request, ...action }: RecordedAction, { find }: Memory): object {
  return {
    ...action,
    input: request.body,
    request,
    resumed_by: undefined,
    attempt: 1,
    auth: {
      username: undefined,
      name: undefined,
      identities: new Set([action.creator_id]),
      groups: async () => new Set(),
    },
    signal: new AbortController().signal,
    progress: ignore,
    log: ignore,
    logger: SILENT,
    dependentToken: async () => 'token-of-a-replay',
    step: async (name: string) => ((await find(name, 'step')) as Entry & { kind: 'step' }).result,
    sleep: async (name: string) => void (await find(name, 'sleep')),
    async waitFor(event: string) {
      const found = await find(event, 'wait')
      if (found.kind === 'timeout') throw new WaitTimeout(event)
      return found.value
    },
    callbackUrl: (event: string) => `https://replay.example/actions/${action.action_id}/events/${event}`,
    pause(why: ConstructorParameters<typeof Paused>[0]) {
      throw new Paused(why)
    },
  }
}

function misfit({ left, next }: Memory, { ended }: Replayed): string {
  const names = (list: readonly string[]): string =>
    [...list]
      .sort()
      .map((name) => `'${name}'`)
      .join(', ')
  const where = ended ? 'The work ends' : `The work asks for ${names(next)}, which is not recorded,`
  return `${where} without having asked for ${names(left)}, which is: keep the names of steps, or change the 'version' of the provider`
}
