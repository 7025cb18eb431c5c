/**
 * Whether a value is to be waited for: whatever has a `then`, as `await` sees it. An author's promise need
 * not be Node's own, and the lazy query of Kysely or Knex runs only once somebody waits for it.
 */
export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === 'function'
}
