import { ServiceUnavailable } from '../../errors.ts'
import { storeError } from './failures.ts'

/** An item that waits for its batch. */
type PendingItem<Item, Result> = {
  item: Item
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

/**
 * The most items in a batch, and the most batches at once: while one waits for the disk, the next can be
 * prepared.
 */
const LIMITS = { items: 256, batches: 2 }

/**
 * Collects single items into batches: while batches are under way, new items wait for the next one.
 *
 * If a batch fails because the database is unavailable, all of its items and all waiting ones fail. If it
 * fails for another reason, its items are tried one by one, so that only a faulty item fails.
 *
 * @param work handles a batch; resolves with the results in the order of the items
 */
export function inBatches<Item, Result>(
  work: (items: readonly Item[]) => Promise<Result[]>,
): (item: Item) => Promise<Result> {
  const pending: PendingItem<Item, Result>[] = []
  let batches = 0

  async function run(): Promise<void> {
    while (pending.length > 0) await attempt(pending.splice(0, LIMITS.items))
    batches--
  }

  async function attempt(batch: readonly PendingItem<Item, Result>[]): Promise<void> {
    try {
      const results = await work(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result)
    } catch (error) {
      if (error instanceof ServiceUnavailable) {
        for (const { reject } of [...batch, ...pending.splice(0)]) reject(error)
      } else if (batch.length > 1) {
        for (const one of batch) await attempt([one])
      } else {
        for (const { reject } of batch) reject(storeError(error))
      }
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      pending.push({ item, resolve, reject })
      if (batches === LIMITS.batches) return
      batches++
      // Other items of the same moment join the batch.
      setImmediate(run)
    })
}
