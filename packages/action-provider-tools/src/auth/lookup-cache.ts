import { LRUCache } from 'lru-cache'

/** Remembers what a remote service said, for a while, and asks it once for callers who want the same at once. */
type LookupCache<Value> = {
  get(key: string): Value | undefined
  /** What is remembered, or else what `ask` says. An `ask` that fails is not remembered. */
  load(key: string, ask: () => Promise<Value>): Promise<Value>
  /** Forgets, and lets no question that is under way be remembered or joined. */
  delete(key: string): void
  clear(): void
}

type LookupCacheOptions<Value> = {
  /** The most entries it holds; then the one unused for longest goes. */
  max: number
  /** How long to remember a value, in milliseconds; 0 for not at all. */
  timeToLive: (value: Value) => number
  /** A clock that never jumps, in milliseconds. */
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
