import { type ActionStore, ServiceUnavailable } from '../src/index.ts'
import type { Change, CurrentAction, Job } from '../src/store/action-store.ts'

/** When an instance dies: at which of its calls for work, and whether the database has done what that call asks. */
export type Death = { call: number; done: boolean }

/** A store as an instance sees it that dies, while the database goes on for others. */
export type MortalStore = { store: ActionStore; isDead: () => boolean }

type Decide = (current: CurrentAction) => Change | undefined

/** What has nothing to do with the database, or is told to whoever listens. */
const NO_CALL = new Set(['now', 'known', 'subscribe', 'watch'])

/**
 * Lets an instance reach a store until it dies: no call is answered after that.
 * @param death counts calls that take, read or change work (default: it lives)
 * @param kept told the names of the steps that a call has made durable, whether or not the instance hears of it
 * @param died told at once
 */
export function mortalStore(
  store: ActionStore,
  death: Death | undefined,
  { kept, died }: { kept: (names: string[]) => void; died: () => void },
): MortalStore {
  let calls = 0
  let dead = false
  const gone = (): ServiceUnavailable => new ServiceUnavailable('This instance is dead')

  /** Whether the instance dies at this call. */
  function isLast(done: boolean): boolean {
    if (dead || death === undefined || death.done !== done || calls < death.call) return false
    dead = true
    died()
    return true
  }

  async function answer<T>(call: () => T | Promise<T>, isWork: (answer: T) => boolean): Promise<T> {
    if (dead) throw gone()
    const given = await call()
    if (isWork(given)) {
      calls++
      isLast(true)
    }
    if (dead) throw gone()
    return given
  }

  const ofWork: Partial<ActionStore> = {
    close: async () => {},
    takeJobs: (...given) =>
      answer(
        () => store.takeJobs(...given),
        (jobs: Job[]) => jobs.length > 0,
      ),
    getWork: (...given) =>
      answer(
        () => store.getWork(...given),
        () => true,
      ),
    async transition(provider, actionId, decide: Decide, hold) {
      if (dead) throw gone()
      calls++
      if (isLast(false)) throw gone()
      let change: Change | undefined
      const deciding: Decide = (current) => {
        change = decide(current)
        return change
      }
      const after = await store.transition(provider, actionId, deciding, hold)
      kept(change?.steps?.map(({ name }) => name) ?? [])
      isLast(true)
      if (dead) throw gone()
      return after
    },
  }

  const seen = new Proxy(store, {
    get(target, key) {
      const own: unknown = Reflect.get(ofWork, key)
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function' || NO_CALL.has(String(key))) return value
      return (...given: unknown[]) =>
        answer(
          () => Reflect.apply(value, target, given) as unknown,
          () => false,
        )
    },
  })
  return { store: seen, isDead: () => dead }
}
