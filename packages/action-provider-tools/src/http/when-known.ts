import { isPromiseLike } from '../promise-like.ts'

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
