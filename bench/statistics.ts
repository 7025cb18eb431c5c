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
