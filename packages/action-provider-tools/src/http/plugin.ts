import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { authorizeListed, isPublic } from '../action/access.ts'
import type { Auth } from '../auth/auth.ts'
import { parseDuration } from '../documents/duration.ts'
import { InvalidDefinition } from '../errors.ts'
import { managedOperations } from '../operations/managed.ts'
import type { Operations } from '../operations/operations.ts'
import { ownStateOperations } from '../operations/own-state.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'
import type { Operation, OperationEvent } from '../provider/hooks.ts'
import type { ActionStore } from '../store/action-store.ts'
import { type Telemetry, telemetryOf } from '../telemetry/telemetry.ts'
import { encryptionWithKeys } from '../worker/encryption.ts'
import { createWorker, type Worker, type WorkerOptions } from '../worker/worker.ts'
import { bearerToken } from './bearer.ts'
import { readBodies } from './body.ts'
import { answerError, answerNoRoute } from './error-answers.ts'
import { type InputCheck, inputCheck } from './input-check.ts'
import { enumerateHandler } from './operations/enumerate.ts'
import { introspectHandler } from './operations/introspect.ts'
import { logHandler } from './operations/log.ts'
import { cancelHandler, releaseHandler, resumeHandler, statusHandler } from './operations/on-action.ts'
import { runHandler } from './operations/run.ts'
import { warnOfOtherNamespaces } from './other-namespaces.ts'
import { allowedMethods, ROUTES } from './routes.ts'

/** How a provider is served. */
export type ActionProviderOptions = {
  provider: ActionProvider
  /** Says who is calling: `globusAuth(…)`, or `fakeAuth()` of `action-provider-tools/testing`. */
  auth: Auth
  /** Where its actions live. Not needed by a provider whose author keeps them. */
  store?: ActionStore
  /** The largest body, in bytes (default 1 MiB). */
  bodyLimit?: number
  /** Keys of 32 bytes that seal the tokens of unfinished actions, the current one first (default: derived from the client secret). */
  secretsKeys?: readonly Uint8Array[]
} & Pick<WorkerOptions, 'works' | 'instance' | 'shutdownGrace' | 'timing' | 'clock'>

/** What every operation's handler is made from. */
export type Served = {
  provider: ActionProvider
  operations: Operations
  checkInput: InputCheck
  /** What introspect answers, as JSON text. */
  description: string
  maximumDeadline: number
  clock: () => number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The operation that a provider's route is asked for; `null` elsewhere. */
    operation: OperationEvent | null
  }
}

const MIB = 1024 * 1024

/**
 * Serves an action provider under a prefix: every route of the interface, with its rules and its error answers.
 *
 * @throws InvalidDefinition where the store is missing, or two providers on one store share a namespace
 * @example
 * await app.register(actionProvider, { prefix: '/echo', provider: echo, auth, store })
 */
export async function actionProvider(app: FastifyInstance, options: ActionProviderOptions): Promise<void> {
  const { provider, auth, clock = Date.now } = options
  const telemetry = telemetryOf(app, provider.namespace)
  const { operations, worker } = operationsOf(app, options, clock, telemetry)
  const served: Served = {
    provider,
    operations,
    checkInput: inputCheck(app, provider),
    description: JSON.stringify(provider.describe(auth.scope)),
    maximumDeadline: parseDuration(provider.description.maximum_deadline),
    clock,
  }
  if (!app.hasRequestDecorator('operation')) app.decorateRequest('operation', null)
  app.removeAllContentTypeParsers()
  // The body of run is JSON whatever its content type says, and is read by run itself.
  readBodies(app, options.bodyLimit ?? MIB)
  app.setErrorHandler(answerError)

  const handlers = handlersOf(served)
  const names = Object.keys(handlers) as Operation[]
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.slice(app.prefix.length).split('?', 1)[0] ?? ''
    answerNoRoute(request, reply, allowedMethods(path, names))
  })
  for (const operation of names) {
    const open = operation === 'introspect' && isPublic(provider.description.visible_to)
    for (const [method, path] of ROUTES[operation]) {
      const route = {
        method,
        onRequest: telemetry.enter(
          operation,
          open || method === 'OPTIONS' ? begin(operation) : enter(operation, provider, auth),
        ),
        handler: telemetry.handle(handlers[operation] as Handler) as RouteHandlerMethod,
      }
      app.route({ ...route, url: path })
      if (path !== '/') app.route({ ...route, url: `${path}/` })
    }
  }
  const { after } = provider.hooks
  const { answered } = telemetry
  if (after || answered) {
    app.addHook('onResponse', (request, reply, done) => {
      answered?.(request, reply)
      const { operation: event } = request
      if (after === undefined || event === null) return done()
      tell(() => after({ ...event, statusCode: reply.statusCode, durationMs: reply.elapsedTime }), done)
    })
  }
  if (worker) {
    app.addHook('onReady', async () => worker.start())
    app.addHook('preClose', () => worker.stop())
  }
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

function handlersOf(served: Served): Partial<Record<Operation, Handler>> {
  const { resume, log, enumerate } = served.operations
  return {
    introspect: introspectHandler(served),
    run: runHandler(served),
    status: statusHandler(served),
    cancel: cancelHandler(served),
    release: releaseHandler(served),
    ...(resume && { resume: resumeHandler(served, resume) }),
    ...(log && { log: logHandler(served, log) }),
    ...(enumerate && { enumerate: enumerateHandler(served, enumerate) }),
  }
}

/** Calls an author's hook. One that has nothing to wait for costs no promise. */
function tell(hook: () => unknown, done: (error?: Error) => void): void {
  try {
    const told = hook()
    if (told instanceof Promise) told.then(() => done(), done)
    else done()
  } catch (error) {
    done(error as Error)
  }
}

/** Notes which operation a request asks for. */
function begin(operation: Operation) {
  return (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    request.operation = { operation }
    done()
  }
}

/** Finds out who is calling, before anything of the body is read, and refuses who may not use the operation at all. */
function enter(operation: Operation, provider: ActionProvider, auth: Auth) {
  const list = operation === 'introspect' ? 'visible_to' : 'runnable_by'
  const listed = operation === 'introspect' || operation === 'run' || operation === 'enumerate'
  const allowed = provider.description[list]
  return (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void => {
    const event: OperationEvent = { operation }
    request.operation = event
    const admit = (caller: Awaited<ReturnType<Auth['authenticate']>>): Promise<void> | void => {
      event.auth = caller
      if (listed) return authorizeListed(caller, list, allowed)
    }
    try {
      const caller = auth.authenticate(bearerToken(request.headers.authorization), provider.additionalScopes)
      const admitted = caller instanceof Promise ? caller.then(admit) : admit(caller)
      if (admitted instanceof Promise) admitted.then(() => done(), done)
      else done()
    } catch (error) {
      done(error as Error)
    }
  }
}

/** The namespaces that are served from each store: two providers on one would mistake each other's actions for their own. */
const servedNamespaces = new WeakMap<ActionStore, Set<string>>()

function operationsOf(
  app: FastifyInstance,
  options: ActionProviderOptions,
  clock: () => number,
  telemetry: Telemetry,
): { operations: Operations; worker?: Worker } {
  const { provider, auth } = options
  const { work } = provider
  app.observability?.needs('Globus Auth', auth)
  if (work.kind === 'callbacks') return { operations: ownStateOperations(work.callbacks) }
  if (options.store === undefined) {
    throw new InvalidDefinition(
      `The provider '${provider.namespace}' needs a store: register it with { store: await openStore(…) }`,
    )
  }
  const namespaces = servedNamespaces.get(options.store) ?? new Set()
  servedNamespaces.set(options.store, namespaces)
  if (namespaces.has(provider.namespace)) {
    throw new InvalidDefinition(
      `Two providers on one store are both called '${provider.namespace}': give one of them another namespace`,
    )
  }
  namespaces.add(provider.namespace)
  app.addHook('onClose', async () => void namespaces.delete(provider.namespace))
  const { store: held } = options
  app.addHook('onReady', () => warnOfOtherNamespaces(provider.namespace, namespaces, held, app.log))
  app.observability?.needs('the database', options.store)
  const store = telemetry.store(options.store)
  const { works, instance, shutdownGrace, timing } = options
  const worker = createWorker({
    provider: { ...provider, work },
    store,
    auth,
    secrets: encryptionWithKeys(options.secretsKeys ?? [auth.secretsKey()]),
    log: app.log,
    clock,
    telemetry,
    ...(works !== undefined && { works }),
    ...(instance !== undefined && { instance }),
    ...(shutdownGrace !== undefined && { shutdownGrace }),
    ...(timing !== undefined && { timing }),
  })
  telemetry.watch({ store, running: () => worker.running })
  return { operations: managedOperations(provider, store, worker, clock), worker }
}
