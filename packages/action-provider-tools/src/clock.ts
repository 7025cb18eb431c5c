/** The time, in milliseconds since 1970. A clock that tests move also makes its followers do what is due. */
export type Clock = (() => number) & {
  /** Adds a follower. Returns a function that removes it. */
  readonly follow?: (follower: ClockFollower) => () => void
}

/**
 * Does what is due now. Resolves with whether anything is still running, and with the next due time (`Infinity` if
 * there is none).
 */
export type ClockFollower = () => Promise<{ isBusy: boolean; next: number }>
