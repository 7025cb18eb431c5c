import { type Action, ActionNotFound, type Provider } from 'action-provider-tools/client'
import type { Filter, Summary } from './calls.ts'
import { summaryOf } from './summary.ts'

/** A list of actions, read page by page and kept up to date. */
export type List = {
  more(signal: AbortSignal): Promise<{ items: Summary[]; end: boolean }>
  refresh(signal: AbortSignal): Promise<{ items: Summary[]; gone: string[] }>
}

/** The actions of one page. */
const PAGE = 50
/** How many actions beyond the first page are checked one by one at each refresh. */
const SINGLY = 5

/** Makes a list without a request. */
export function createList(provider: Provider, filter: Filter): List {
  const known = new Map<string, Summary>()
  let reading: AsyncIterator<Action> | undefined
  let turn = 0

  const iterate = (signal?: AbortSignal): AsyncIterator<Action> =>
    provider.actions({ status: filter.status, role: filter.role, signal })[Symbol.asyncIterator]()

  async function take(
    from: AsyncIterator<Action>,
    count: number,
  ): Promise<{ items: Summary[]; end: boolean }> {
    const items: Summary[] = []
    while (items.length < count) {
      const { value, done } = await from.next()
      if (done) return { items, end: true }
      if (value.latest !== undefined) items.push(summaryOf(value.latest))
    }
    return { items, end: false }
  }

  /** The status of an action that is no longer in the list; `undefined` if it is gone. */
  async function look(id: string, signal: AbortSignal): Promise<Summary | undefined> {
    try {
      return summaryOf(await provider.action(id).status({ signal }))
    } catch (error) {
      if (error instanceof ActionNotFound) return undefined
      throw error
    }
  }

  return {
    async more() {
      reading ??= iterate()
      const { items, end } = await take(reading, PAGE).catch((error: unknown) => {
        // The iterator cannot continue; the next one repeats actions that are known.
        reading = undefined
        throw error
      })
      for (const item of items) known.set(item.id, item)
      return { items, end }
    },
    async refresh(signal) {
      const { items, end } = await take(iterate(signal), 100)
      const listed = new Set(items.map(({ id }) => id))
      const gone: string[] = []
      const unfinished = [...known.values()].filter(
        ({ id, status }) => !listed.has(id) && (end || status === 'ACTIVE' || status === 'INACTIVE'),
      )
      const asked = Array.from({ length: Math.min(SINGLY, unfinished.length) }, (_, index) => {
        return unfinished[(turn + index) % unfinished.length] as Summary
      })
      turn = unfinished.length === 0 ? 0 : (turn + asked.length) % unfinished.length
      for (const { id } of asked) {
        const now = await look(id, signal)
        if (now !== undefined && filter.status.includes(now.status)) items.push(now)
        else {
          gone.push(id)
          known.delete(id)
        }
      }
      const others = items.filter((item) => JSON.stringify(known.get(item.id)) !== JSON.stringify(item))
      for (const item of others) known.set(item.id, item)
      return { items: others, gone }
    },
  }
}
