import { LRUCache } from 'lru-cache'

/** Caches the answers of a remote service. Simultaneous requests for one key share one call. */
type LookupCache<Value> = {
  get(key: string): Value | undefined
  /** The cached value, or else what `ask` returns. An `ask` that fails is not cached. */
  load(key: string, ask: () => Promise<Value>): Promise<Value>
  /** Removes the value. The result of a running call is then neither cached nor shared. */
  delete(key: string): void
  clear(): void
}

type LookupCacheOptions<Value> = {
  /** The most entries that it holds; then it drops the least recently used one. */
  max: number
  /** How long to cache a value, in milliseconds; 0 for not at all. */
  timeToLive: (value: Value) => number
  /** A monotonic clock, in milliseconds. */
  now: () => number
}

/**
 * @example
 * const groups = createLookupCache<Set<string>>({ max: 10_000, timeToLive: () => 300_000, now: () => performance.now() })
 * groups.get(key) ?? (await groups.load(key, () => askGlobusGroups(token)))
 */
export function createLookupCache<Value extends object>({
  max,
  timeToLive,
  now,
}: LookupCacheOptions<Value>): LookupCache<Value> {
  const values = new LRUCache<string, Value>({ max, ttlResolution: 0, perf: { now } })
  const questions = new Map<string, Promise<Value>>()

  const ask = async (key: string, question: () => Promise<Value>): Promise<Value> => {
    const asked = question()
    questions.set(key, asked)
    try {
      const value = await asked
      const ttl = Math.floor(timeToLive(value))
      if (ttl > 0 && questions.get(key) === asked) values.set(key, value, { ttl })
      return value
    } finally {
      if (questions.get(key) === asked) questions.delete(key)
    }
  }

  return {
    get: (key) => values.get(key),
    load: async (key, question) => values.get(key) ?? questions.get(key) ?? ask(key, question),
    delete(key) {
      values.delete(key)
      questions.delete(key)
    },
    clear() {
      values.clear()
      questions.clear()
    },
  }
}
