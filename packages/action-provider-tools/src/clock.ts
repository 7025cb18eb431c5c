/**
 * The time, in milliseconds since 1970. A clock that somebody moves also tells those who act by it that they must look what is due.
 */
export type Clock = (() => number) & {
  /** Lets somebody go by it. Returns a function that ends this. */
  readonly follow?: (follower: ClockFollower) => () => void
}

/** Does what is due now. Resolves with whether anything is still under way, and with when the next thing is due (`Infinity`: nothing is). */
export type ClockFollower = () => Promise<{ isBusy: boolean; next: number }>
