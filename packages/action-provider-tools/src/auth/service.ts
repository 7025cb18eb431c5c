/**
 * Calls to one remote service, with limits of time and size, retries of idempotent calls, and a circuit
 * breaker.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceUnavailable } from '../errors.ts'
import { backoff, fullyJittered, parseRetryAfter, retryAfterSeconds } from '../retry.ts'
import { createBreaker } from './breaker.ts'

/**
 * The outcome of one call to Globus, or of a cache lookup in its place. It is for metrics and names nobody.
 */
export type AuthCallEvent = {
  service: 'auth' | 'groups'
  call: 'introspect' | 'dependent_token' | 'refresh_token' | 'my_groups' | 'discovery'
  /**
   * `refused`: it refused. `unavailable`: no valid answer. `skipped`: no call, because it is known to be
   * down.
   */
  outcome: 'ok' | 'refused' | 'unavailable' | 'skipped'
  /** Retries included. */
  durationMs: number
  cache: 'hit' | 'miss'
}

/** A log for failed calls, such as pino or Fastify's `log`. No entry holds a token or a secret. */
export type AuthLog = Record<'debug' | 'info' | 'warn' | 'error', (facts: object, message: string) => void>

export type ServiceOptions = {
  /** The service in events. */
  service: AuthCallEvent['service']
  /** The service in texts. */
  name: string
  url: URL
  /** Milliseconds a call may take, retries included. */
  timeout: number
  /** How many times a repeatable call is tried again. */
  retries: number
  fetch: typeof fetch
  /** A monotonic clock, in milliseconds. */
  now: () => number
  log?: AuthLog | undefined
  onCall?: ((event: AuthCallEvent) => void) | undefined
}

type ServiceRequest<Body> = {
  call: AuthCallEvent['call']
  method: 'GET' | 'POST'
  /** Relative to the service's URL. */
  path: string
  authorization?: string
  form?: Record<string, string>
  /** Whether an answer is valid. Any other counts as an outage. */
  isAnswer: (body: unknown) => body is Body
  /** Whether it is safe to send it twice. */
  repeatable: boolean
  /** What operators should check if a refusal means that the provider is misconfigured. */
  misconfiguration?: (refusal: Refusal) => string | undefined
}

/** An answer with a status from 400 to 499. */
export type Refusal = { status: number; body: unknown }

export type Answer<Body> = { ok: true; body: Body } | ({ ok: false } & Refusal)

export type Service = {
  /** @throws ServiceUnavailable when there is no valid answer */
  request<Body>(request: ServiceRequest<Body>): Promise<Answer<Body>>
  /** The error for a valid answer that cannot be used. */
  unavailable(reason: string): ServiceUnavailable
  /** Aborts the calls under way. */
  close(): void
}

const largestAnswer = 4 * 1024 * 1024
const longestRetryAfter = 300_000
const breakerThreshold = 5
const breakerPause = 1_000

export function createService(options: ServiceOptions): Service {
  const { service, name, timeout, now, log, onCall } = options
  const underway = new Set<AbortController>()
  let closed = false
  const breaker = createBreaker({
    threshold: breakerThreshold,
    pause: breakerPause,
    now,
    onChange: (open) => {
      if (open) log?.error({ service }, `${name} keeps failing: only one call at a time will try it now`)
      else log?.info({ service }, `${name} answers again`)
    },
  })

  const unavailable = (reason: string, retryAfter?: number): ServiceUnavailable =>
    new ServiceUnavailable(`${name} cannot be asked at the moment: try again later`, {
      cause: new Error(`${name}: ${reason}`),
      ...(retryAfter === undefined ? {} : { retryAfter: retryAfterSeconds(retryAfter) }),
    })

  const request: Service['request'] = async (request) => {
    const { call } = request
    if (closed) throw unavailable('this Auth is closed')
    const wait = breaker.enter()
    if (wait > 0) {
      onCall?.({ service, call, outcome: 'skipped', durationMs: 0, cache: 'miss' })
      throw unavailable('it kept failing and is not asked for now', wait)
    }
    const start = now()
    const controller = new AbortController()
    underway.add(controller)
    const timer = setTimeout(() => controller.abort(new Outage(`no answer within ${timeout} ms`)), timeout)
    const end = (outcome: AuthCallEvent['outcome']): void => {
      const durationMs = now() - start
      log?.debug({ service, call, outcome, durationMs }, `Called ${name}`)
      onCall?.({ service, call, outcome, durationMs, cache: 'miss' })
    }
    try {
      const answer = await sendWithRetries(options, request, controller.signal)
      breaker.succeeded()
      end(answer.ok ? 'ok' : 'refused')
      return answer
    } catch (error) {
      const outage = asOutage(error, controller.signal)
      breaker.failed()
      log?.[outage.lasting ? 'error' : 'warn'](
        { service, call, reason: outage.message },
        `A call to ${name} failed: ${outage.message}`,
      )
      end('unavailable')
      throw unavailable(outage.message, outage.retryAfter)
    } finally {
      clearTimeout(timer)
      underway.delete(controller)
    }
  }

  return {
    request,
    unavailable: (reason) => {
      log?.error({ service, reason }, `${name} is of no use: ${reason}`)
      return unavailable(reason)
    },
    close() {
      closed = true
      for (const controller of underway) controller.abort(new Outage('this Auth was closed'))
    },
  }
}

async function sendWithRetries<Body>(
  options: ServiceOptions,
  request: ServiceRequest<Body>,
  signal: AbortSignal,
): Promise<Answer<Body>> {
  const retries = request.repeatable ? options.retries : 0
  for (let retry = 0; ; retry++) {
    try {
      return await send(options, request, signal)
    } catch (error) {
      const outage = asOutage(error, signal)
      const pause = retryPause(retry, outage.retryAfter)
      if (retry >= retries || outage.lasting || signal.aborted || pause === undefined) throw outage
      await sleep(pause, undefined, { signal }).catch((aborted) => {
        throw asOutage(aborted, signal)
      })
    }
  }
}

async function send<Body>(
  options: ServiceOptions,
  { method, path, authorization, form, isAnswer, misconfiguration }: ServiceRequest<Body>,
  signal: AbortSignal,
): Promise<Answer<Body>> {
  const response = await options.fetch(new URL(path, options.url), {
    method,
    headers: { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) },
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    // Credentials go only to the configured service.
    redirect: 'manual',
    signal,
  })
  const { status } = response
  const isRefusal = status >= 400 && status < 500 && status !== 408 && status !== 429
  if (!response.ok && !isRefusal) {
    await response.body?.cancel()
    throw new Outage(`it answered with status ${status}`, { retryAfter: retryAfter(response) })
  }
  const body = parseJson(await readBody(response))
  if (isRefusal) {
    const check = misconfiguration?.({ status, body })
    if (check !== undefined) throw new Outage(check, { lasting: true })
    return { ok: false, status, body }
  }
  if (!isAnswer(body)) {
    throw new Outage(`its answer to ${method} ${path} is not what Globus answers`)
  }
  return { ok: true, body }
}

async function readBody(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > largestAnswer) throw new Outage(`its answer is larger than ${largestAnswer} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

/** The `Retry-After` of an answer, in milliseconds and within reason. */
function retryAfter(response: Response): number | undefined {
  const milliseconds = parseRetryAfter(response.headers.get('retry-after'))
  return milliseconds && Math.min(milliseconds, longestRetryAfter)
}

/**
 * Why a service gave no valid answer. The message never quotes a request or answer, which may hold a token.
 */
export class Outage extends Error {
  /** The wait that the service asks for, in milliseconds. */
  readonly retryAfter: number | undefined
  /** Whether it lasts until somebody changes the configuration, so that retries are useless. */
  readonly lasting: boolean

  constructor(reason: string, options: { retryAfter?: number | undefined; lasting?: boolean } = {}) {
    super(reason)
    this.retryAfter = options.retryAfter
    this.lasting = options.lasting ?? false
  }
}

/** The outage behind an error of a call, or behind the abort of its signal. */
function asOutage(error: unknown, signal: AbortSignal): Outage {
  if (error instanceof Outage) return error
  if (signal.reason instanceof Outage) return signal.reason
  return new Outage(`the connection failed (${errorCode(error)})`)
}

/**
 * The code of the innermost cause, such as ECONNREFUSED. Messages are omitted: some quote headers and bodies.
 */
function errorCode(error: unknown): string {
  let code = 'unknown'
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
  }
  return code
}

const FIRST_PAUSE = 100
const LONGEST_PAUSE = 1_000

/**
 * The pause before a retry, in milliseconds: what the service asked for, plus jitter up to a time that
 * doubles from 100 ms to a second, so that not all refused callers retry at once.
 * @param retry the number of earlier retries
 * @param retryAfter what the service asked for, in milliseconds
 * @returns `undefined` if it asked for more than a second: the caller then gets the wait instead
 */
export function retryPause(retry: number, retryAfter = 0): number | undefined {
  if (retryAfter > LONGEST_PAUSE) return undefined
  return retryAfter + backoff(retry + 1, { first: FIRST_PAUSE, most: LONGEST_PAUSE, jitter: fullyJittered })
}
