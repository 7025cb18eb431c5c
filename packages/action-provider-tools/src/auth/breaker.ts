/** Keeps callers from waiting for a service that has stopped answering. */
type Breaker = {
  /**
   * Milliseconds to wait before the next call. 0 permits it, and the caller then calls `succeeded` or
   * `failed`. While the breaker is open, each pause permits one call as a probe, even if the last probe has
   * not ended: a hanging probe must not keep the breaker open.
   */
  enter(): number
  /** The service answered: calls are open again at once. */
  succeeded(): void
  /** The service did not answer. */
  failed(): void
}

type BreakerOptions = {
  /** Consecutive failures after which it opens. */
  threshold: number
  /** Milliseconds between probes while it is open. */
  pause: number
  /** A monotonic clock, in milliseconds. */
  now: () => number
  /** Called when it opens and when it closes again. */
  onChange?: (open: boolean) => void
}

/**
 * A circuit breaker. It opens after `threshold` consecutive failures, permits a probe each `pause`, and
 * closes on the first success.
 *
 * @example
 * const breaker = createBreaker({ threshold: 5, pause: 1000, now: () => performance.now() })
 * if (breaker.enter() === 0) await call().then(breaker.succeeded, breaker.failed)
 */
export function createBreaker({ threshold, pause, now, onChange }: BreakerOptions): Breaker {
  let failures = 0
  let nextProbe = 0

  return {
    enter() {
      if (failures < threshold) return 0
      const wait = nextProbe - now()
      if (wait > 0) return wait
      nextProbe = now() + pause
      return 0
    },
    succeeded() {
      if (failures >= threshold) onChange?.(false)
      failures = 0
    },
    failed() {
      failures += 1
      if (failures !== threshold) return
      nextProbe = now() + pause
      onChange?.(true)
    },
  }
}
