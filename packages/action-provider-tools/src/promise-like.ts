/**
 * Whether a value is to be waited for: whatever has a `then`, as `await` sees it. An author's promise need
 * not be Node's own, and the lazy query of Kysely or Knex runs only once somebody waits for it.
 */
export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function'
}

/**
 * Calls `next` with a value once it is known: at once where it is no promise, since a promise and a turn of
 * the event loop are a noticeable part of a request that SQLite and a cache answer. Any thenable is awaited.
 *
 * @example whenKnown(store.get(provider, id), (action) => action?.document)
 */
export function whenKnown<T, U>(
  value: T | PromiseLike<T>,
  next: (value: T) => U | Promise<U>,
): U | Promise<U> {
  return isPromiseLike(value) ? Promise.resolve(value).then(next) : next(value)
}

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
