/**
 * Whether a value must be awaited: it has a `then`, as for `await`. An author's promise need not be Node's
 * own, and a lazy query of Kysely or Knex runs only when it is awaited.
 */
export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function'
}

/**
 * Calls `next` with a value once it is known: at once if it is not a promise, because a promise and a turn of
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
 * Resolves when a promise resolves, which must not reject, or when the time is over (milliseconds). Leaves no
 * timer behind.
 */
export async function within(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  await Promise.race([promise, over])
  clearTimeout(timer)
}
