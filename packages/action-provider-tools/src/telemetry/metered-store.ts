import { isComplete } from '../documents/action-status.ts'
import { ActionProviderToolsError } from '../errors.ts'
import { isPromiseLike } from '../promise-like.ts'
import type { ActionStore, Change, InlineChange } from '../store/action-store.ts'
import type { ProviderMetrics } from './metrics.ts'
import { type Around, type StoreMethod, seenStore } from './seen-store.ts'

/** A store whose calls are timed, and what they do to actions counted. */
export function meteredStore(store: ActionStore, metrics: ProviderMetrics): ActionStore {
  const { kind } = store

  const around: Around = (method, call) => {
    const begun = performance.now()
    const end = (): void => metrics.storeCall(kind, method, performance.now() - begun)
    const fail = (error: unknown): never => {
      end()
      noteError(method, error)
      throw error
    }
    try {
      const result = call()
      if (isPromiseLike(result)) {
        return Promise.resolve(result).then((value: unknown) => {
          end()
          return value
        }, fail)
      }
      end()
      return result
    } catch (error) {
      return fail(error)
    }
  }

  function noteError(method: StoreMethod, error: unknown): void {
    const known = error instanceof ActionProviderToolsError
    // A refusal is what a decision about the action came to, not the store's failure.
    if (!known || error.status >= 500) metrics.storeError(kind, method, known ? error.code : 'Error')
  }

  function note(change: Change | undefined): void {
    if (change?.release) metrics.released('request', 1)
    else if (change?.status) noteEnd(change.status.status)
  }

  function noteEnd(status: Parameters<ProviderMetrics['completed']>[0]): void {
    if (isComplete(status)) metrics.completed(status)
  }

  const seen = seenStore(store, around)
  return {
    ...seen,
    async create(action) {
      const { runInline } = action
      const creation = await seen.create(
        runInline ? { ...action, runInline: () => timed(runInline) } : action,
      )
      if (creation.outcome !== 'created') return creation
      metrics.started()
      noteEnd(creation.action.status)
      return creation
    },
    async transition(provider, actionId, decide, hold) {
      let change: Change | undefined
      const deciding: typeof decide = (current) => {
        change = decide(current)
        return change
      }
      const after = await seen.transition(provider, actionId, deciding, hold)
      note(change)
      return after
    },
    async sweepReleased(now, limit) {
      const count = await seen.sweepReleased(now, limit)
      metrics.swept()
      metrics.released('time', count)
      return count
    },
  }

  /** Work that ends inside the transaction of its action is counted as all other. */
  function timed(runInline: () => InlineChange | undefined): InlineChange | undefined {
    const begun = performance.now()
    const change = runInline()
    const outcome = outcomeOf(change)
    if (outcome) metrics.worked(outcome, performance.now() - begun)
    return change
  }
}

const OUTCOMES = { SUCCEEDED: 'done', FAILED: 'failed', INACTIVE: 'paused', ACTIVE: undefined } as const

/** How a run ended, by what it did to its action; `undefined` where it goes on. */
function outcomeOf(change: Change | undefined): string | undefined {
  if (change?.status) return OUTCOMES[change.status.status]
  return change?.job && typeof change.runs_on !== 'string' ? 'retry' : undefined
}
