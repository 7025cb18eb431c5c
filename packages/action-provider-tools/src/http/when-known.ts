import { isPromiseLike } from '../promise-like.ts'

/**
 * Goes on with a value once it is known: at once where it is, for a promise and a turn of the event loop cost a
 * noticeable part of a request that SQLite and a cache answer. Whatever has a `then` is waited for, as `await` does: an
 * author's promise need not be Node's own.
 *
 * @example whenKnown(store.get(provider, id), (action) => action?.document)
 */
export function whenKnown<T, U>(
  value: T | PromiseLike<T>,
  next: (value: T) => U | Promise<U>,
): U | Promise<U> {
  return isPromiseLike(value) ? Promise.resolve(value).then(next) : next(value)
}
