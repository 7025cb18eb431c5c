/**
 * Resolves when a promise has, which must not reject, or the time is over (milliseconds); leaves no timer
 * behind.
 */
export async function within(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  await Promise.race([promise, over])
  clearTimeout(timer)
}
