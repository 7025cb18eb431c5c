import { ServiceUnavailable } from '../../errors.ts'

/** One that waits for its turn. */
type Waiting<Item, Result> = {
  item: Item
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

/**
 * Does together what was asked for one by one: while a batch is being written, the next one gathers.
 *
 * A batch that fails because the database is away fails as a whole, and with it all that wait. One that fails for any
 * other reason is done again item by item, so that an item which cannot be written fails alone.
 *
 * @param work gives the results in the order of the items
 */
export function inBatches<Item, Result>(
  size: number,
  work: (items: readonly Item[]) => Promise<Result[]>,
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = []
  let busy = false

  async function run(): Promise<void> {
    while (waiting.length > 0) await attempt(waiting.splice(0, size))
    busy = false
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
        for (const { reject } of batch) reject(error)
      }
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (busy) return
      busy = true
      // What else has arrived at this moment joins the first batch.
      setImmediate(run)
    })
}
