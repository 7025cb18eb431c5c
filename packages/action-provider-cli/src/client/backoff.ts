/** How waits between tries grow, in milliseconds. */
export type Pace = { first: number; growth: number; longest: number }

/**
 * The wait after this one; the first where there was none.
 *
 * @example nextWait(1_000, { first: 1_000, growth: 2, longest: 15_000 }) // 2_000
 */
export function nextWait(wait: number | undefined, { first, growth, longest }: Pace): number {
  return wait === undefined ? first : Math.min(longest, wait * growth)
}
