/** One row of the table. */
export type Figure = {
  name: string
  /** What `measured` and `limit` are in. */
  unit: string
  measured: number
  /** What it is compared with, and what that reached. */
  limit?: { name: string; value: number }
  /** Of the two, as the median of the rounds. */
  ratio?: number
  /** What `ratio`, or `measured` where there is none, must be. */
  must?: { least: number } | { most: number }
  /** What else is to be known. */
  note?: string
  /** Everything else that was measured, for the JSON. */
  detail?: unknown
}

/** Whether a figure is as it must be; nothing where it is only stated. */
export function isMet({ measured, ratio = measured, must }: Figure): boolean | undefined {
  if (must === undefined) return undefined
  return 'least' in must ? ratio >= must.least : ratio <= must.most
}

/** @example median([3, 1, 2]) // 2 */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** What two servers reached in one round. */
export type Pair = { measured: number; limit: number }

/** The median of paired rounds: the ratio is the median of the rounds' ratios, which what else the machine does spoils least. */
export function summary(pairs: readonly Pair[]): { measured: number; limit: number; ratio: number } {
  return {
    measured: median(pairs.map(({ measured }) => measured)),
    limit: median(pairs.map(({ limit }) => limit)),
    ratio: median(pairs.map(({ measured, limit }) => measured / limit)),
  }
}
