import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ActionProviderToolsError, BadActionRequest, ServiceUnavailable, TooManyRequests } from '../errors.ts'
import { createRate, networkOf } from './rate.ts'

/** The limits of an application's load. */
type Bounds = {
  /** How many requests are served at the same time. */
  requestsAtOnce: number
  /** How many requests of one caller are open at the same time, waiting ones included. */
  requestsPerCaller: number
  /** How many requests wait for an action, or stream its updates, at the same time. */
  waitsAtOnce: number
  /** How many bytes of bodies are held at the same time. */
  bodyBytesAtOnce: number
  /** How many requests a caller may send in a minute (default: any number). */
  rateLimit?: number
  /** Whether memory is too full for more. */
  isExhausted: () => boolean
}

/** The state of one request. */
type Place = {
  inHand: boolean
  /** An operation runs. It continues when its caller hangs up. */
  working: boolean
  /** Its connection is closed. */
  gone: boolean
  bytes: number
  /** The caller: an identity, or an address until the caller is authenticated. */
  caller: string | undefined
  /** It was counted as a guessed token. */
  guess: boolean
  /** It waits for an action, or streams its updates. */
  waits: boolean
  /** Its answer streams until its connection closes. */
  streams: boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Read through `loadOf`. */
    load?: Load
  }
  interface FastifyRequest {
    /** Not even `null` where Fastify could not read the URL: no hook runs for such a request. */
    place?: Place | null
  }
}

/**
 * The requests that an application serves at the moment, by caller. A request gets a place when its headers
 * have arrived. It returns the place when its answer is ready, or when its connection closes while no
 * operation runs. Requests over the limits are refused before they cost anything.
 */
export type Load = {
  /** Gives a request a place. @throws ServiceUnavailable if none is free */
  enter: (request: FastifyRequest, reply: FastifyReply) => void
  /** Counts a request that needs no token. @throws TooManyRequests */
  admitGuest: (request: FastifyRequest) => void
  /** Counts a token before Globus is asked about it. @throws TooManyRequests */
  admitGuess: (request: FastifyRequest) => void
  /** Counts a request of an authenticated caller. @throws TooManyRequests */
  admitCaller: (request: FastifyRequest, identity: string) => void
  /** Counts the refusal of an unknown caller. Returns that error, or TooManyRequests after too many. */
  refuse: (request: FastifyRequest, error: unknown) => unknown
  /** Marks that an operation runs. It continues when its caller hangs up. */
  beginWork: (request: FastifyRequest) => void
  /** Gives a place to a request that was put aside. @throws ServiceUnavailable if none is free */
  takeUp: (request: FastifyRequest) => void
  /** Puts a request aside while its body arrives: it holds neither a place nor a body. */
  putAside: (request: FastifyRequest) => void
  /**
   * Puts a request aside that waits for an action. Returns `false` if no more may wait: the limit of all is
   * reached, or half of the open requests of its caller wait, so that the other half can be answered.
   * @param must whether it waits even beyond the limits
   */
  wait: (request: FastifyRequest, must: boolean) => boolean
  /**
   * Puts a request aside whose answer streams until its connection closes. It counts as a waiting request
   * until then.
   * @throws ServiceUnavailable, TooManyRequests if no more may wait
   */
  stream: (request: FastifyRequest) => void
  /**
   * Counts more bytes of a request's body. @throws ServiceUnavailable if all bodies together are too large
   */
  hold: (request: FastifyRequest, bytes: number) => void
  /** Returns all that a request holds. */
  leave: (request: FastifyRequest) => void
}

/** The load of an application; `undefined` if it has no limits. */
export function loadOf(app: FastifyInstance): Load | undefined {
  return app.load
}

// Made once: a stack trace for each would cost more than the refused request.
const BUSY = new ServiceUnavailable('This provider has more requests than it can serve: try again shortly', {
  retryAfter: 1,
})
const EXHAUSTED = new ServiceUnavailable('This provider is overloaded: try again later')
const CROWDED = new TooManyRequests(
  'You have more requests under way than this provider allows: wait for the answers to some of them',
  { headers: { 'retry-after': '1' } },
)
const CROWDED_WAITS = new TooManyRequests(
  'You wait for more actions than this provider allows: end some of it, or ask for their status at intervals',
  { headers: { 'retry-after': '5' } },
)
const BUSY_WAITS = new ServiceUnavailable(
  'More callers wait for actions than this provider allows: ask for their status at intervals',
  { retryAfter: 5 },
)
const HUNG_UP = new BadActionRequest('The connection was closed before the request was complete')

/** Adds the count to an application. */
export function addLoad(app: FastifyInstance, bounds: Bounds): Load {
  const { requestsAtOnce, requestsPerCaller, waitsAtOnce, bodyBytesAtOnce, rateLimit, isExhausted } = bounds
  const rate = rateLimit === undefined ? undefined : createRate(rateLimit)
  const open = new Map<string, number>()
  const waiting = new Map<string, number>()
  let inHand = 0
  let waits = 0
  let held = 0

  function take(place: Place): void {
    if (inHand >= requestsAtOnce) throw BUSY
    if (isExhausted()) throw EXHAUSTED
    inHand++
    place.inHand = true
  }

  function putDown(place: Place): void {
    if (place.inHand) inHand--
    held -= place.bytes
    place.inHand = false
    place.bytes = 0
  }

  function setCaller(place: Place, caller: string | undefined): void {
    if (place.caller !== undefined) {
      const left = (open.get(place.caller) ?? 0) - 1
      if (left > 0) open.set(place.caller, left)
      else open.delete(place.caller)
    }
    place.caller = undefined
    if (caller === undefined) return
    if (place.gone) throw HUNG_UP
    const count = open.get(caller) ?? 0
    if (count >= requestsPerCaller) throw CROWDED
    open.set(caller, count + 1)
    place.caller = caller
  }

  function leave({ place }: FastifyRequest): void {
    if (!place) return
    putDown(place)
    if (place.streams && !place.gone) return
    endWait(place)
    setCaller(place, undefined)
  }

  function wait(place: Place, must: boolean): boolean {
    const { caller = '' } = place
    const own = waiting.get(caller) ?? 0
    if (!must && (waits >= waitsAtOnce || own >= requestsPerCaller / 2)) return false
    putDown(place)
    if (place.waits) return true
    place.waits = true
    waits++
    waiting.set(caller, own + 1)
    return true
  }

  function endWait(place: Place): void {
    if (!place.waits) return
    const { caller = '' } = place
    const left = (waiting.get(caller) ?? 0) - 1
    if (left > 0) waiting.set(caller, left)
    else waiting.delete(caller)
    waits--
    place.waits = false
  }

  const load: Load = {
    enter(request, reply) {
      const place: Place = {
        inHand: false,
        working: false,
        gone: false,
        bytes: 0,
        caller: undefined,
        guess: false,
        waits: false,
        streams: false,
      }
      take(place)
      request.place = place
      // Not a hook of Fastify: it runs none for an answer that is taken over (`reply.hijack()`).
      reply.raw.once('close', () => {
        place.gone = true
        // A running operation leaves when its answer is ready.
        if (!place.working || reply.raw.writableEnded) leave(request)
      })
    },
    admitGuest(request) {
      const address = networkOf(request.ip)
      rate?.guests.count(address)
      if (request.place) setCaller(request.place, address)
    },
    admitGuess(request) {
      const { place } = request
      if (!place) return
      const address = networkOf(request.ip)
      rate?.guesses.count(address)
      place.guess = true
      setCaller(place, address)
    },
    admitCaller(request, identity) {
      const { place } = request
      if (!place) return
      if (place.guess) rate?.guesses.giveBack(networkOf(request.ip))
      rate?.callers.count(identity)
      setCaller(place, identity)
    },
    refuse(request, error) {
      if (rate === undefined) return error
      const counted = request.place?.guess === true
      if (counted === isRefusal(error)) return error
      const address = networkOf(request.ip)
      if (!counted) return rate.guesses.over(address) ?? error
      rate.guesses.giveBack(address)
      return error
    },
    beginWork({ place }) {
      if (place) place.working = true
    },
    takeUp({ place }) {
      if (!place || place.inHand) return
      if (place.gone) throw HUNG_UP
      take(place)
    },
    putAside({ place }) {
      if (place) putDown(place)
    },
    wait: ({ place }, must) => !place || wait(place, must),
    stream({ place }) {
      if (!place) return
      if (place.gone) throw HUNG_UP
      if (!wait(place, false)) throw waits >= waitsAtOnce ? BUSY_WAITS : CROWDED_WAITS
      place.streams = true
      place.working = false
    },
    hold({ place }, bytes) {
      if (!place) return
      if (place.gone) throw HUNG_UP
      if (held + bytes > bodyBytesAtOnce) throw BUSY
      held += bytes
      place.bytes += bytes
    },
    leave,
  }
  app.decorate('load', load)
  app.decorateRequest('place', null)
  return load
}

/** Whether an error refuses the caller, and does not report an outage or overload. */
function isRefusal(error: unknown): boolean {
  return error instanceof ActionProviderToolsError && error.status < 429
}
