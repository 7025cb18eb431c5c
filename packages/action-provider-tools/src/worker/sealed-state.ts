import type { Auth, AuthState, DependentToken } from '../auth/auth.ts'
import { ConsentRequired, ServiceUnavailable, UnauthorizedRequest } from '../errors.ts'
import { errorFacts, rememberSecret, rememberToken } from '../log.ts'
import { UnknownKey } from './encryption.ts'
import { type Attempt, owns, persist, type WorkerContext } from './worker-context.ts'

/** The sealed state of an action, kept until the action completes. */
type SealedState = {
  /** The bearer token with which the creator started or last resumed the action. */
  caller?: string
  /** The creator, as Globus Auth described them then. */
  creator?: { username?: string | undefined; name?: string | undefined; identities: string[] }
  /** Dependent tokens by scope. */
  tokens?: Record<string, DependentToken>
  /** Remote work: what identifies it in the other system, and when it was last called. */
  remote?: { handle: unknown; polled_at: number }
  /** Continues the trace of the request that started the action (W3C Trace Context). */
  traceparent?: string
}

/** The sealed state of an action during an attempt. It is opened on first use. */
export type AttemptState = {
  /** @throws UnknownKey */
  readonly value: SealedState
  /** The error of the last try to open it. */
  readonly unreadable: UnknownKey | undefined
  save: (value: SealedState) => Promise<void>
  /** @throws ConsentRequired, ServiceUnavailable, UnknownKey */
  dependentToken: (scope: string) => Promise<string>
}

/** What work needs to know of its creator. */
type CallerFacts = Pick<AuthState, 'token' | 'username' | 'name' | 'identities'>

function callerState({ token, username, name, identities }: CallerFacts): SealedState {
  return { caller: token, creator: { username, name, identities: [...identities] } }
}

/** Makes the sealed state of a new action from its creator's request. */
export function sealCaller(worker: WorkerContext, actionId: string, auth: CallerFacts): Uint8Array {
  const traceparent = worker.instrument.traceparent?.()
  const state: SealedState = { ...callerState(auth), ...(traceparent !== undefined && { traceparent }) }
  return worker.secrets.seal(worker.namespace, actionId, state)
}

/**
 * Makes the sealed state of an action that its creator resumes: the new token replaces all older ones; the
 * handle of remote work and the trace stay.
 * @throws ServiceUnavailable if this instance cannot read the handle
 */
export async function resealCaller(
  worker: WorkerContext,
  actionId: string,
  auth: CallerFacts,
): Promise<Uint8Array> {
  const { provider, store, secrets, namespace, log } = worker
  const kept: SealedState = {}
  try {
    const { remote, traceparent } = openState(worker, actionId, await store.getSecret(namespace, actionId))
    if (remote !== undefined) kept.remote = remote
    if (traceparent !== undefined) kept.traceparent = traceparent
  } catch (error) {
    if (!(error instanceof UnknownKey)) throw error
    if (provider.work.kind === 'remote') {
      log.error({ err: errorFacts(error), action_id: actionId }, 'An action could not be resumed')
      throw new ServiceUnavailable(
        'This instance cannot open the sealed state of the action: try again later',
      )
    }
  }
  return secrets.seal(namespace, actionId, { ...kept, ...callerState(auth) } satisfies SealedState)
}

/**
 * Opens the sealed state of an action, and has its tokens masked in logs.
 * @throws UnknownKey
 * @throws Error if it was not sealed for this action
 */
export function openState(
  worker: WorkerContext,
  actionId: string,
  sealed: Uint8Array | undefined,
): SealedState {
  if (sealed === undefined) return {}
  const state = worker.secrets.open(worker.namespace, actionId, sealed) as SealedState
  rememberSecret(state.caller)
  for (const token of Object.values(state.tokens ?? {})) rememberToken(token)
  return state
}

/**
 * The trace of an action; `undefined` if it has none, if nothing is traced, or if the state cannot be read.
 * @param sealed the sealed state, if it was read already
 */
export async function traceparentOf(
  worker: WorkerContext,
  actionId: string,
  sealed?: Uint8Array,
): Promise<string | undefined> {
  const { store, namespace, instrument } = worker
  if (instrument.traceparent === undefined) return undefined
  try {
    return openState(worker, actionId, sealed ?? (await store.getSecret(namespace, actionId))).traceparent
  } catch {
    // The attempt that needs the other state reports this error.
    return undefined
  }
}

/**
 * The sealed state of an action for one attempt. Tokens are requested one after the other, so that no save
 * overwrites another.
 * @param sealed the state when the attempt began
 */
export function attemptState(
  worker: WorkerContext,
  attempt: Attempt,
  sealed: Uint8Array | undefined,
): AttemptState {
  const { store, secrets, namespace, auth, now } = worker
  let current: SealedState | undefined
  let unreadable: UnknownKey | undefined
  let lastRequest: Promise<unknown> = Promise.resolve()

  function open(): SealedState {
    try {
      current ??= openState(worker, attempt.actionId, sealed)
      return current
    } catch (error) {
      if (error instanceof UnknownKey) unreadable = error
      throw error
    }
  }

  async function save(next: SealedState): Promise<void> {
    current = next
    const secret = secrets.seal(namespace, attempt.actionId, next)
    await persist(
      worker,
      () =>
        store.transition(namespace, attempt.actionId, (action) =>
          owns(worker, action, attempt) ? { secret } : undefined,
        ),
      () => attempt.lost,
    )
  }

  async function requestToken(scope: string): Promise<string> {
    const before = open()
    const kept = before.tokens?.[scope]
    if (kept && kept.expires_at - EXPIRY_MARGIN > now()) return kept.access_token
    const token = await renewToken(auth, before.caller, kept, scope)
    rememberToken(token)
    await save({ ...before, tokens: { ...before.tokens, [scope]: token } })
    return token.access_token
  }

  return {
    get value() {
      return open()
    },
    get unreadable() {
      return unreadable
    },
    save,
    dependentToken(scope) {
      const request = lastRequest.then(() => requestToken(scope))
      lastRequest = request.catch(() => {})
      return request
    },
  }
}

/** A token is refreshed this many milliseconds before it expires. */
const EXPIRY_MARGIN = 60_000

/**
 * Gets a new dependent token: with the old one's refresh token, or else with the creator's token.
 * @throws ConsentRequired also if both tokens are no longer valid
 * @throws ServiceUnavailable
 */
async function renewToken(
  auth: Auth,
  caller: string | undefined,
  old: DependentToken | undefined,
  scope: string,
): Promise<DependentToken> {
  if (old?.refresh_token) {
    try {
      return await auth.refreshDependentToken(old)
    } catch (error) {
      if (!(error instanceof UnauthorizedRequest)) throw error
    }
  }
  try {
    if (caller === undefined) throw new ConsentRequired(scope)
    return await auth.grantDependentToken(caller, scope)
  } catch (error) {
    if (error instanceof UnauthorizedRequest) throw new ConsentRequired(scope, { cause: error })
    throw error
  }
}
