/** The handler of each endpoint. The caller is already authenticated and may use the operation. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { authorizeAccess, authorizeManagement, refuseMissing } from '../action/access.ts'
import type { Auth, AuthState } from '../auth/auth.ts'
import { bearerToken } from '../auth/bearer-token.ts'
import { checkDeadline, readActionRequest } from '../documents/action-request.ts'
import { parseJson } from '../documents/json.ts'
import { RequestValidationError, ServiceUnavailable } from '../errors.ts'
import type { Ended, FoundAction, Operations, RunResult } from '../operations/operations.ts'
import { whenKnown } from '../promise-like.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'
import type { Endpoint } from '../provider/endpoint.ts'
import type { OperationEvent } from '../provider/hooks.ts'
import type { Awaitable } from '../store/action-store.ts'
import type { InputCheck } from './body.ts'
import { sentBy, signedOr } from './events.ts'
import { loadOf } from './load.ts'
import { operationOf } from './operation.ts'
import { waitPreference } from './prefer.ts'
import { enumerateParameters, logParameters, type Query, wantedEvents } from './query.ts'
import { eventsOf, sendEvents, type UpdatesTiming } from './updates.ts'

/** The parts of every handler. */
export type Served = {
  provider: ActionProvider
  operations: Operations
  checkInput: InputCheck
  /** The answer to introspect, as JSON text. */
  description: string
  /** The OpenAPI document, as JSON text. */
  openApi: () => Awaitable<string>
  maximumDeadline: number
  auth: Auth
  updates: UpdatesTiming
  clock: () => number
}

export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** A handler for each endpoint that the provider has. */
export function handlersOf(served: Served): Partial<Record<Endpoint, Handler>> {
  const { operations, provider } = served
  const { cancel, release, resume, event, log, follow, enumerate } = operations
  return {
    introspect: describingHandler(served, () => served.description),
    openapi: describingHandler(served, served.openApi),
    run: runHandler(served),
    status: statusHandler(served),
    cancel: onAction(served, 'manage', ({ auth, actionId }) => cancel(auth, actionId)),
    release: onAction(served, 'manage', ({ auth, actionId }) => release(auth, actionId)),
    ...(resume && { resume: onAction(served, 'manage', ({ auth, actionId }) => resume(auth, actionId)) }),
    ...(log && {
      log: onAction(served, 'see', ({ auth, actionId, query }) => log(auth, actionId, logParameters(query))),
    }),
    ...(event && {
      event: signedOr(
        operations.signedEvent,
        provider.hooks.before,
        onAction(served, 'manage', ({ auth, actionId, request }) => event(auth, actionId, sentBy(request))),
      ),
    }),
    ...(follow && { updates: updatesHandler(served, follow) }),
    ...(enumerate && { enumerate: enumerateHandler(served, enumerate) }),
  }
}

/** The caller of an admitted request, and its event. */
function callerOf(request: FastifyRequest): { auth: AuthState; event: OperationEvent } {
  const event = operationOf(request)
  if (!event?.auth) throw new Error('A handler was reached without an authenticated caller')
  return { auth: event.auth, event }
}

/** Answers with a description of the provider (interface, introspect). Any web page may read it. */
function describingHandler({ provider }: Served, describe: () => Awaitable<string>): Handler {
  const { before } = provider.hooks
  return (request, reply) => {
    reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', '*')
    if (request.method === 'OPTIONS') {
      reply.code(204).header('access-control-allow-methods', 'GET, OPTIONS').send()
      return
    }
    const event = operationOf(request)
    return answer(reply, whenKnown(event && before?.(event), describe))
  }
}

/** Starts an action, or finds the one of an earlier same request (interface, run and "Exactly once"). */
function runHandler(served: Served): Handler {
  const { answerWithin = 0 } = served.operations
  const must = served.provider.description.synchronous
  return async (request, reply) => {
    const { action_id, document, started, ended } = await startAction(served, request)
    callerOf(request).event.action_id = action_id
    const wait = preferredWait(request, served) ?? { milliseconds: answerWithin, must }
    return sendJson(reply, started ? 202 : 200, (await waitFor(request, reply, ended, wait)) ?? document)
  }
}

/** The status of an action: now, or at its end if the caller prefers to wait (interface, status). */
function statusHandler(served: Served): Handler {
  const { status, ended } = served.operations
  return onAction(served, 'see', ({ found, request, reply }) => {
    const wait = preferredWait(request, served)
    const document = status(found)
    if (wait === undefined) return document
    return whenKnown(document, async (now) => (await waitFor(request, reply, ended?.(found), wait)) ?? now)
  })
}

/** A function of its own, so that the request is not kept in memory while run waits for the action. */
async function startAction(served: Served, request: FastifyRequest): Promise<RunResult> {
  const { provider, operations, checkInput, maximumDeadline, clock } = served
  const { showInputInErrors: showInput, hooks } = provider
  const { auth, event } = callerOf(request)
  const json = parseJson(request.body as Buffer | undefined, { exact: 'request_id' })
  const asked = readActionRequest(json, { showInput })
  const checked = await checkInput(asked.body, auth.effectiveIdentity)
  if (!checked.ok) throw new RequestValidationError(checked.errors.join('; '))
  const accepted = { ...asked, body: checked.value as Record<string, unknown> }
  if (hooks.before) {
    event.request = accepted
    await hooks.before(event)
  }
  try {
    checkDeadline(accepted, { now: clock(), maximumDeadline })
  } catch (error) {
    // A repeated request still gets its action when its deadline has passed.
    const repeated = await operations.repeated?.(auth, accepted)
    if (repeated === undefined) throw error
    return { ...repeated, started: false }
  }
  return operations.run(auth, accepted)
}

/**
 * How long to wait for the end of an action; the caller's preference, if that is the reason; whether it waits
 * even beyond the limits.
 */
type Wait = { milliseconds: number; applied?: string; must?: boolean }

/** The wait that a caller prefers, if the provider supports waiting. */
function preferredWait({ headers }: FastifyRequest, { operations }: Served): Wait | undefined {
  return operations.ended && waitPreference(headers.prefer as string | undefined)
}

/**
 * Waits until an action has ended or its caller has hung up. Meanwhile the request holds no place. Resolves
 * with `undefined` if there is nothing to wait for, or too many requests wait.
 */
async function waitFor(
  request: FastifyRequest,
  reply: FastifyReply,
  ended: Ended | undefined,
  { milliseconds, applied, must = false }: Wait,
): Promise<string | undefined> {
  const waits = ended !== undefined && milliseconds > 0
  if (waits && loadOf(request.server)?.wait(request, must) === false) return undefined
  if (applied !== undefined) reply.header('preference-applied', applied).header('vary', 'Prefer')
  if (!waits) return undefined
  const hangUp = new AbortController()
  const abort = (): void => hangUp.abort()
  if (reply.raw.destroyed) abort()
  reply.raw.once('close', abort)
  request.body = undefined
  try {
    // Who did not ask to wait need not where nothing can come in that time.
    return await ended(milliseconds, hangUp.signal, { whileBusy: applied === undefined })
  } catch (error) {
    // The action is known, so a caller who need not wait gets its status now.
    if (must || !(error instanceof ServiceUnavailable)) throw error
    return undefined
  } finally {
    reply.raw.off('close', abort)
  }
}

/** The arguments of an operation on an existing action. */
type Call = {
  auth: AuthState
  actionId: string
  found: FoundAction
  query: Query
  request: FastifyRequest
  reply: FastifyReply
}

/** The handler of an operation on an existing action. */
function onAction(
  served: Served,
  who: 'see' | 'manage',
  act: (call: Call) => string | Promise<string>,
): Handler {
  return (request, reply) => answer(reply, withAction(served, who, request, reply, act))
}

/** Finds an action, authorizes the caller, then acts. */
function withAction<T>(
  { provider, operations }: Served,
  who: 'see' | 'manage',
  request: FastifyRequest,
  reply: FastifyReply,
  act: (call: Call) => T | Promise<T>,
): T | Promise<T> {
  const { before } = provider.hooks
  const authorize = who === 'see' ? authorizeAccess : authorizeManagement
  const { auth, event } = callerOf(request)
  const { action_id: actionId } = request.params as { action_id: string }
  event.action_id = actionId
  return whenKnown(operations.find(auth, actionId), (found): T | Promise<T> => {
    if (found === undefined) return refuseMissing(auth)
    return whenKnown(authorize(auth, found), () =>
      whenKnown(before?.(event), () =>
        act({ auth, actionId, found, query: request.query as Query, request, reply }),
      ),
    )
  })
}

/** Streams the updates of an action until it is complete (interface, updates). */
function updatesHandler(served: Served, follow: NonNullable<Operations['follow']>): Handler {
  const { provider, operations, auth, updates: timing } = served
  return async (request, reply) => {
    const wanted = wantedEvents(request.query as Query)
    const found = await withAction(served, 'see', request, reply, (call) => call.found)
    if (request.method === 'HEAD') return reply.header('content-type', 'text/event-stream').send()
    loadOf(request.server)?.stream(request)
    const following = follow(found)
    const hangUp = new AbortController()
    const end = (): void => {
      hangUp.abort()
      following.end()
    }
    if (reply.raw.destroyed) end()
    else reply.raw.once('close', end)
    if (following.isStopping) throw STOPPING
    const token = bearerToken(request.headers.authorization)
    const lastEventId = request.headers['last-event-id'] as string | undefined
    const tells = { status: wanted.has('status'), log: wanted.has('log') && operations.log !== undefined }
    const recheck = async (): Promise<void> =>
      authorizeAccess(await auth.authenticate(token, provider.additionalScopes), found)
    const events = eventsOf({ following, lastEventId, tells, timing, recheck }, hangUp.signal)
    const first = await events.next()
    // This tells an event source to stop.
    if (first.done) return reply.code(204).send()
    return sendEvents(reply, first.value, events, { beat: timing.beat, hungUp: hangUp.signal })
  }
}

const STOPPING = new ServiceUnavailable('This instance stops: come again', { retryAfter: 1 })

/** The caller's actions, newest first, a page at a time (interface, enumerate). */
function enumerateHandler({ provider }: Served, enumerate: NonNullable<Operations['enumerate']>): Handler {
  const { before } = provider.hooks
  return async (request, reply) => {
    const { auth, event } = callerOf(request)
    const query = request.query as Query
    const parameters = enumerateParameters(query)
    if (before) await before(event)
    const { documents, next } = await enumerate(auth, parameters)
    if (next !== undefined) reply.header('link', `<${nextPage(query, next)}>; rel="next"`)
    return sendJson(reply, 200, `[${documents.join(',')}]`)
  }
}

/** The query with the next marker. It is relative, because a proxy may change the URL (RFC 8288, 3.1). */
function nextPage(query: Query, marker: string): string {
  const next = new URLSearchParams()
  for (const name of ['status', 'roles', 'limit']) {
    const value = query[name]
    if (value !== undefined) next.set(name, String(value))
  }
  next.set('marker', marker)
  return `?${next}`
}

/** Sends a text that is JSON already. */
function sendJson(reply: FastifyReply, code: number, json: string): FastifyReply {
  return reply.code(code).header('content-type', 'application/json; charset=utf-8').send(json)
}

/**
 * Answers with a document. A document that is ready is sent after all requests that arrived together are
 * read: waking a client costs more than an answer from memory, and one wake-up then serves them all.
 */
function answer(reply: FastifyReply, document: string | Promise<string>): Promise<void> | void {
  if (typeof document !== 'string') return document.then((known) => void sendJson(reply, 200, known))
  setImmediate(sendJson, reply, 200, document)
}
