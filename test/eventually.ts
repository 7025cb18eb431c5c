import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Waits until a condition holds, and resolves with what it gave. What the condition throws, it throws at once.
 * @param within how long that may take, in milliseconds: less than a test may (default: 25 seconds)
 * @throws Error with the condition's source when the time is over
 * @example await eventually(() => runs === 2)
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  within = 25_000,
): Promise<Exclude<T, undefined | false | null>> {
  for (const end = performance.now() + within; ; await sleep(10)) {
    const found = await condition()
    if (found) return found as Exclude<T, undefined | false | null>
    if (performance.now() > end) throw new Error(`Not within ${within} ms: ${condition}`)
  }
}
