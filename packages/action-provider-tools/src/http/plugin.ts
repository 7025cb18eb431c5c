import type { FastifyInstance, RouteHandlerMethod } from 'fastify'
import { authorizeListed } from '../action/access.ts'
import type { Auth, AuthState } from '../auth/auth.ts'
import { bearerToken } from '../auth/bearer-token.ts'
import { deriveSecretsKey } from '../auth/secrets-key.ts'
import { parseDuration } from '../documents/duration.ts'
import { InvalidDefinition } from '../errors.ts'
import type { Logger } from '../log.ts'
import { managedOperations } from '../operations/managed.ts'
import type { Operations } from '../operations/operations.ts'
import { ownStateOperations } from '../operations/own-state.ts'
import { isPromiseLike, whenKnown } from '../promise-like.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'
import { admissionTo, type Endpoint, operationOfEndpoint } from '../provider/endpoint.ts'
import type { Operation, OperationEvent } from '../provider/hooks.ts'
import type { ActionStore } from '../store/action-store.ts'
import { type Telemetry, telemetryOf } from '../telemetry/telemetry.ts'
import type { EnterHook } from '../telemetry/tracing.ts'
import { encryptionWithKeys } from '../worker/encryption.ts'
import { createWorker, type Worker, type WorkerOptions } from '../worker/worker.ts'
import { ignoreContentType, inputCheck, readBodies } from './body.ts'
import { answerError, noRoute } from './error-answers.ts'
import { callbackOf } from './events.ts'
import { type Handler, handlersOf, type Served } from './handlers.ts'
import { type Load, loadOf } from './load.ts'
import { openApiOf } from './openapi.ts'
import { beginOperation, decorateOperation, operationOf } from './operation.ts'
import { allowedMethods, ROUTES } from './routes.ts'
import { UPDATES_TIMING, type UpdatesTiming } from './updates.ts'

/** How a provider is served. */
export type ActionProviderOptions = {
  provider: ActionProvider
  /** Says who is calling: `globusAuth(…)`, or `fakeAuth()` of `action-provider-tools/testing`. */
  auth: Auth
  /** Where its actions are stored. A provider with its own state needs none. */
  store?: ActionStore
  /** The largest body, in bytes (default 1 MiB). */
  bodyLimit?: number
  /**
   * Keys of 32 bytes for sealed state: the first seals, all of them open (default: one derived from the
   * client secret, which always opens).
   */
  secretsKeys?: readonly Uint8Array[]
  /**
   * Earlier client secrets: what was sealed with keys derived from them can still be opened (default none).
   */
  formerClientSecrets?: readonly string[]
  /**
   * The public address of this application, such as `https://provider.example.org`, for callback URLs.
   * Without it there are none.
   */
  publicUrl?: string
  /**
   * The intervals of streams of updates (default: a comment every 15 seconds, a check of the caller every
   * minute).
   */
  updates?: Partial<UpdatesTiming>
} & Pick<WorkerOptions, 'works' | 'instance' | 'shutdownGrace' | 'timing' | 'clock'>

const MIB = 1024 * 1024

/**
 * Serves an action provider under a prefix: all routes of the interface, with their rules and errors.
 *
 * @throws InvalidDefinition if the store is missing, or two providers on one store share a namespace
 * @example
 * await app.register(actionProvider, { prefix: '/echo', provider: echo, auth, store })
 */
export async function actionProvider(app: FastifyInstance, options: ActionProviderOptions): Promise<void> {
  const { provider, auth, store } = options
  const clock = options.clock ?? store?.now ?? Date.now
  const telemetry = telemetryOf(app, provider.namespace)
  const { operations, worker } = operationsOf(app, options, clock, telemetry)
  const served: Served = {
    provider,
    operations,
    checkInput: inputCheck(app, provider),
    description: JSON.stringify(provider.describe(auth.scope)),
    openApi: openApiOf(app, provider, auth, operations),
    maximumDeadline: parseDuration(provider.description.maximum_deadline),
    auth,
    updates: { ...UPDATES_TIMING, ...options.updates },
    clock,
  }
  decorateOperation(app)
  // The body of run is JSON whatever its content type says. The handler of run parses it.
  readBodies(app, options.bodyLimit ?? MIB)
  app.setErrorHandler(answerError)

  const load = loadOf(app)
  const handlers = handlersOf(served)
  const endpoints = Object.keys(handlers) as Endpoint[]
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.slice(app.prefix.length).split('?', 1)[0] ?? ''
    const error = noRoute(request, allowedMethods(path, endpoints))
    answerError(load ? load.refuse(request, error) : error, request, reply)
  })
  for (const endpoint of endpoints) {
    const operation = operationOfEndpoint(endpoint)
    const { open } = admissionTo(operation, provider.description)
    for (const [method, path] of ROUTES[endpoint]) {
      const hook =
        open || method === 'OPTIONS'
          ? enterOpen(operation, load)
          : operation === 'event'
            ? enterSigned(enterOpen(operation, load), enter(operation, provider, auth, load))
            : enter(operation, provider, auth, load)
      const handler = telemetry.handle(handlers[endpoint] as Handler)
      const route = {
        method,
        onRequest: telemetry.enter(operation, hook),
        ...((method === 'POST' || method === 'DELETE') && { preParsing: ignoreContentType }),
        handler: (load ? working(load, handler) : handler) as RouteHandlerMethod,
      }
      app.route({ ...route, url: path })
      if (path !== '/') app.route({ ...route, url: `${path}/` })
    }
  }
  const { after } = provider.hooks
  const { answered } = telemetry
  if (after || answered) {
    app.addHook('onResponse', (request, reply, done) => {
      const event = operationOf(request)
      answered?.(event, request, reply)
      if (after === undefined || event === undefined) return done()
      call(() => after({ ...event, statusCode: reply.statusCode, durationMs: reply.elapsedTime }), done)
    })
  }
  if (worker) {
    app.addHook('onReady', async () => worker.start())
    app.addHook('preClose', () => worker.stop())
  }
}

/** Calls a function that may return a promise, without making one if it does not. */
function call(act: () => unknown, done: (error?: Error) => void): void {
  try {
    const outcome = whenKnown(act(), () => undefined)
    if (isPromiseLike(outcome)) outcome.then(() => done(), done)
    else done()
  } catch (error) {
    done(error as Error)
  }
}

/** Counts a handler as running until it has answered. */
function working(load: Load, handler: Handler): Handler {
  return (request, reply) => {
    load.beginWork(request)
    return handler(request, reply)
  }
}

/** Admits every request. */
function enterOpen(operation: Operation, load: Load | undefined): EnterHook {
  return (request, _reply, done) => {
    beginOperation(request, { operation })
    call(() => load?.admitGuest(request), done)
  }
}

/** Admits a signed URL without a token: the handler checks the signature. */
function enterSigned(open: EnterHook, enter: EnterHook): EnterHook {
  return (request, reply, done) => (callbackOf(request) ? open : enter)(request, reply, done)
}

/**
 * Authenticates the caller before the body is read, and refuses callers who may not use the operation at all.
 */
function enter(
  operation: Operation,
  provider: ActionProvider,
  auth: Auth,
  load: Load | undefined,
): EnterHook {
  const { list } = admissionTo(operation, provider.description)
  return (request, _reply, done) => {
    const event: OperationEvent = { operation }
    beginOperation(request, event)
    const admit = (caller: AuthState): Promise<void> | void => {
      event.auth = caller
      load?.admitCaller(request, caller.effectiveIdentity)
      if (list) return authorizeListed(caller, list, provider.description[list])
    }
    const authenticate = (): Promise<void> | void => {
      const token = bearerToken(request.headers.authorization)
      const beforeAsking = (): void => load?.admitGuess(request)
      return whenKnown(auth.authenticate(token, provider.additionalScopes, beforeAsking), admit)
    }
    call(authenticate, (error) => {
      // Requests of known callers were counted when they were admitted.
      const unknown = error !== undefined && event.auth === undefined
      done(unknown && load ? (load.refuse(request, error) as Error) : error)
    })
  }
}

/**
 * The namespaces served from each store: two providers with the same one would share each other's actions.
 */
const servedNamespaces = new WeakMap<ActionStore, Set<string>>()

function operationsOf(
  app: FastifyInstance,
  options: ActionProviderOptions,
  clock: () => number,
  telemetry: Telemetry,
): { operations: Operations; worker?: Worker } {
  const { provider, auth } = options
  const { work } = provider
  telemetry.needs('Globus Auth', auth)
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
  telemetry.needs('the database', options.store)
  const store = telemetry.store(options.store)
  const { works, instance, shutdownGrace, timing } = options
  const managed = { ...provider, work }
  const worker = createWorker({
    provider: managed,
    store,
    auth,
    secrets: encryptionWithKeys([
      ...(options.secretsKeys ?? []),
      auth.secretsKey(),
      ...(options.formerClientSecrets ?? []).map(deriveSecretsKey),
    ]),
    log: app.log,
    clock,
    instrument: telemetry.work,
    ...(works !== undefined && { works }),
    ...(instance !== undefined && { instance }),
    ...(shutdownGrace !== undefined && { shutdownGrace }),
    ...(timing !== undefined && { timing }),
    ...(options.publicUrl !== undefined && {
      publicUrl: `${options.publicUrl.replace(/\/+$/, '')}${app.prefix}`,
    }),
  })
  telemetry.watch({ store, running: () => worker.running })
  return { operations: managedOperations(managed, store, worker, clock), worker }
}

/**
 * Warns if a store has actions of other providers only: a provider without a `namespace` that was renamed
 * does not find its actions. Providers served beside it do not count.
 */
async function warnOfOtherNamespaces(
  namespace: string,
  served: ReadonlySet<string>,
  store: ActionStore,
  log: Logger,
): Promise<void> {
  const held = await namespacesOf(store)
  const others = held.filter((other) => !served.has(other))
  if (held.includes(namespace) || others.length === 0) return
  const names = others.map((other) => `'${other}'`).join(', ')
  log.warn(
    `The database has no actions of '${namespace}', but it has some of ${names}: if you have renamed this provider, define it with namespace: '${others[0]}' to have them again`,
  )
}

/** A database that cannot be reached is reported elsewhere. */
async function namespacesOf(store: ActionStore): Promise<string[]> {
  try {
    return await store.namespaces()
  } catch {
    return []
  }
}
