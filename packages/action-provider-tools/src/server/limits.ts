import { getHeapStatistics } from 'node:v8'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { addLoad } from '../http/load.ts'
import { isProbe } from '../telemetry/telemetry.ts'

/** How much an application takes on. */
export type Limits = {
  /**
   * How many requests are served at the same time (default 1,000). One that waits for its body or its action
   * does not count.
   */
  requestsAtOnce?: number
  /**
   * How many requests a caller may have open at the same time, waiting ones included. A caller is an
   * identity, or an address until it is authenticated (default: a quarter of `requestsAtOnce`).
   */
  requestsPerCaller?: number
  /**
   * How many requests wait for an action, or stream its updates, at the same time (default: ten times
   * `requestsAtOnce`). They are at most half of the open requests of a caller.
   */
  waitsAtOnce?: number
  /** How many bytes of bodies are held at the same time (default 128 MiB). */
  bodyBytesAtOnce?: number
  /** The share of Node's heap limit above which requests are refused (default 0.9). */
  heapShare?: number
  /**
   * How many requests a caller may send in a minute (default: any number). Each identity has this budget;
   * each address has one for requests that need no token, and one for refusals and for tokens that Globus
   * must be asked about.
   */
  rateLimit?: number
}

const MIB = 1024 * 1024

/**
 * Limits the load of an application. Register it before the providers. `createApplication` does so itself.
 *
 * @example await app.register(limits, { requestsAtOnce: 500, rateLimit: 600 })
 */
export const limits = fastifyPlugin(
  async (app: FastifyInstance, options: Limits): Promise<void> => {
    const { requestsAtOnce = 1_000, heapShare = 0.9, rateLimit } = options
    const load = addLoad(app, {
      requestsAtOnce,
      requestsPerCaller: options.requestsPerCaller ?? Math.ceil(requestsAtOnce / 4),
      waitsAtOnce: options.waitsAtOnce ?? 10 * requestsAtOnce,
      bodyBytesAtOnce: options.bodyBytesAtOnce ?? 128 * MIB,
      isExhausted: watchHeap(app, heapShare),
      ...(rateLimit !== undefined && { rateLimit }),
    })
    app.addHook('onRequest', (request, reply, done) => {
      if (!isProbe(request)) load.enter(request, reply)
      done()
    })
    app.addHook('onSend', (request, _reply, _payload, done) => {
      load.leave(request)
      done()
    })
  },
  { name: 'action-provider-limits', fastify: '5.x' },
)

/** How often the heap is measured, in milliseconds. */
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
