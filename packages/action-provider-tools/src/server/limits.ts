import { getHeapStatistics } from 'node:v8'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { ServiceUnavailable, TooManyRequests } from '../errors.ts'

/** How much an application takes on. */
export type Limits = {
  /** How many requests are in hand at the same time (default 1,000). One whose body still arrives is not. */
  requestsAtOnce?: number
  /** How many bytes of bodies are held at the same time (default 128 MiB). */
  bodyBytesAtOnce?: number
  /** How full the heap that Node allows may be, as a share of it, for more to be taken in hand (default 0.9). */
  heapShare?: number
  /** How many requests a caller may send in a minute: the same identity, or address where nobody is known (default: any number). */
  rateLimit?: number
}

/** What is in hand. More than the limits allow is refused with 503 before it costs anything. */
export type Load = {
  /** Takes a request in hand. @throws ServiceUnavailable where too many are */
  take: (request: FastifyRequest) => void
  /** Puts a request aside while there is nothing to do but wait for its caller. */
  putAside: (request: FastifyRequest) => void
  /** Holds more of a request's body. @throws ServiceUnavailable where too much is held */
  hold: (request: FastifyRequest, bytes: number) => void
}

declare module 'fastify' {
  interface FastifyInstance {
    load?: Load
  }
  interface FastifyRequest {
    inHand: boolean
    bytesHeld: number
  }
  interface FastifyContextConfig {
    /** Whether a route answers however busy the application is. */
    alwaysAnswers?: boolean
  }
}

const MIB = 1024 * 1024
const MINUTE = 60_000

/** How many callers' requests are counted at the same time, so that memory is bounded. */
const CALLERS = 10_000

// Made once: a stack trace for each would cost more than what is refused.
const BUSY = new ServiceUnavailable('This provider has more requests than it can serve: try again shortly', {
  retryAfter: 1,
})
const EXHAUSTED = new ServiceUnavailable('This provider is overloaded: try again later')

/**
 * Keeps an application from taking on more than it can do. Register it before the providers. `createApplication` has done so already.
 *
 * @example await app.register(limits, { requestsAtOnce: 500, rateLimit: 600 })
 */
export const limits = fastifyPlugin(
  async (app: FastifyInstance, options: Limits): Promise<void> => {
    bound(app, options)
    if (options.rateLimit !== undefined) await limitRate(app, options.rateLimit)
  },
  { name: 'action-provider-limits', fastify: '5.x' },
)

const alwaysAnswers = ({ routeOptions }: FastifyRequest): boolean =>
  routeOptions.config.alwaysAnswers === true

/** Bounds what is in hand: from the arrival of a request's headers to its answer, its caller being there still or not. */
function bound(app: FastifyInstance, options: Limits): void {
  const { requestsAtOnce = 1_000, bodyBytesAtOnce = 128 * MIB, heapShare = 0.9 } = options
  const isFull = watchHeap(app, heapShare)
  let inHand = 0
  let held = 0
  const load: Load = {
    take(request) {
      if (inHand >= requestsAtOnce) throw BUSY
      if (isFull()) throw EXHAUSTED
      inHand++
      request.inHand = true
    },
    putAside(request) {
      if (!request.inHand) return
      inHand--
      request.inHand = false
    },
    hold(request, bytes) {
      if (held + bytes > bodyBytesAtOnce) throw BUSY
      held += bytes
      request.bytesHeld += bytes
    },
  }
  app.decorate('load', load)
  app.decorateRequest('inHand', false)
  app.decorateRequest('bytesHeld', 0)
  app.addHook('onRequest', (request, _reply, done) => {
    if (!alwaysAnswers(request)) load.take(request)
    done()
  })
  app.addHook('onSend', (request, _reply, _payload, done) => {
    load.putAside(request)
    held -= request.bytesHeld
    request.bytesHeld = 0
    done()
  })
}

/** How often it is looked how full the heap is, in milliseconds. */
const LOOK = 1_000

function watchHeap(app: FastifyInstance, share: number): () => boolean {
  let full = false
  const look = (): void => {
    const { used_heap_size: used, heap_size_limit: most } = getHeapStatistics()
    full = used > share * most
  }
  const timer = setInterval(look, LOOK)
  timer.unref()
  app.addHook('onClose', async () => clearInterval(timer))
  return () => full
}

/** Limits what each caller sends. Who is refused for who they are counts as their address. */
async function limitRate(app: FastifyInstance, max: number): Promise<void> {
  await app.register(rateLimit, {
    max,
    timeWindow: MINUTE,
    store: Counters,
    // Once it is known who is calling, and before their body is read.
    hook: 'preParsing',
    keyGenerator: callerOf,
    // What is no provider's, such as health, has no limit.
    allowList: ({ operation }) => !operation,
    errorResponseBuilder: (_request, { ttl }) => tooMany(ttl),
  })
  const count = app.createRateLimit()
  app.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode !== 401) return payload
    const outcome = await count(request)
    if (outcome.isAllowed || !outcome.isExceeded) return payload
    const answer = tooMany(outcome.ttl)
    reply.code(answer.status).removeHeader('www-authenticate').headers(answer.headers)
    return JSON.stringify(answer.toDocument())
  })
}

function callerOf(request: FastifyRequest): string {
  return request.operation?.auth?.effectiveIdentity ?? rateLimit.normalizeIP(request.ip)
}

function tooMany(milliseconds: number): TooManyRequests {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1_000))
  return new TooManyRequests(`You send more requests than this provider allows: wait ${seconds} s`, {
    headers: { 'retry-after': String(seconds) },
  })
}

/** How often each caller has asked in their minute, by a clock that never jumps. */
class Counters {
  readonly #counts = new LRUCache<string, { current: number; end: number }>({ max: CALLERS })

  incr(
    key: string,
    callback: (error: Error | null, result: { current: number; ttl: number }) => void,
    timeWindow: number,
  ): void {
    const now = performance.now()
    let count = this.#counts.get(key)
    if (count === undefined || count.end <= now) {
      count = { current: 0, end: now + timeWindow }
      this.#counts.set(key, count)
    }
    count.current++
    callback(null, { current: count.current, ttl: count.end - now })
  }

  child(): Counters {
    return this
  }
}
