import { LRUCache } from 'lru-cache'
import { TooManyRequests } from '../errors.ts'
import { retryAfterSeconds } from '../retry.ts'

/** The requests of each key in a minute, by a monotonic clock. */
type Budget = {
  /** Counts one more. @throws TooManyRequests over the limit, with the time to wait */
  count: (key: string) => void
  /** Counts one more, and returns the error instead of throwing it. */
  over: (key: string) => TooManyRequests | undefined
  /** Uncounts one. */
  giveBack: (key: string) => void
}

/** A budget for each kind of request, so that none uses up another's. */
type Rate = {
  /** By identity. */
  callers: Budget
  /** By address: requests that need no token. */
  guests: Budget
  /** By address: unknown tokens, and refusals. */
  guesses: Budget
}

const MINUTE = 60_000

/** How many keys are counted at the same time, which bounds the memory. */
const KEYS = 10_000

/** @param max how often each may ask in a minute */
export function createRate(max: number): Rate {
  return { callers: createBudget(max), guests: createBudget(max), guesses: createBudget(max) }
}

function createBudget(max: number): Budget {
  const counts = new LRUCache<string, { current: number; end: number }>({ max: KEYS })
  const over = (key: string): TooManyRequests | undefined => {
    const now = performance.now()
    let count = counts.get(key)
    if (count === undefined || count.end <= now) {
      count = { current: 0, end: now + MINUTE }
      counts.set(key, count)
    }
    return ++count.current > max ? tooMany(count.end - now) : undefined
  }
  return {
    over,
    count(key) {
      const error = over(key)
      if (error !== undefined) throw error
    },
    giveBack(key) {
      const count = counts.get(key)
      if (count !== undefined && count.current > 0) count.current--
    },
  }
}

function tooMany(milliseconds: number): TooManyRequests {
  const seconds = retryAfterSeconds(milliseconds)
  return new TooManyRequests(`You send more requests than this provider allows: wait ${seconds} s`, {
    headers: { 'retry-after': String(seconds) },
  })
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/

/**
 * The key of an address: an IPv4 address itself, or the /64 network of an IPv6 address, which belongs to one
 * subscriber.
 *
 * @example networkOf('2001:db8::7:1') // '2001:db8:0:0'
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const lower = address.toLowerCase()
  const mapped = MAPPED.exec(lower)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = lower.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  return [...first, ...Array<string>(zeros).fill('0'), ...last].slice(0, 4).join(':')
}
