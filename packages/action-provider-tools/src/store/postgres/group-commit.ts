import { ServiceUnavailable } from '../../errors.ts'
import { storeError } from './failures.ts'

/** One that waits for its turn. */
type Waiting<Item, Result> = {
  item: Item
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

/**
 * How many items are done at once at most, and how many batches: while one waits for the disk, the next is
 * made ready.
 */
const LIMITS = { items: 256, batches: 2 }

/**
 * Does together what was asked for one by one: while batches are on their way, the next one gathers.
 *
 * A batch that fails because the database is away fails as a whole, and with it all that wait. One that fails
 * for any other reason is done again item by item, so that an item which cannot be done fails alone.
 *
 * @param work gives the results in the order of the items
 */
export function inBatches<Item, Result>(
  work: (items: readonly Item[]) => Promise<Result[]>,
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = []
  let batches = 0

  async function run(): Promise<void> {
    while (waiting.length > 0) await attempt(waiting.splice(0, LIMITS.items))
    batches--
  }

  async function attempt(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await work(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result)
    } catch (error) {
      if (error instanceof ServiceUnavailable) {
        for (const { reject } of [...batch, ...waiting.splice(0)]) reject(error)
      } else if (batch.length > 1) {
        for (const one of batch) await attempt([one])
      } else {
        for (const { reject } of batch) reject(storeError(error))
      }
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (batches === LIMITS.batches) return
      batches++
      // More items of the same moment join the batch.
      setImmediate(run)
    })
}
