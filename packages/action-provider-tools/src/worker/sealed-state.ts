import type { Auth, AuthState, DependentToken } from '../auth/auth.ts'
import { ConsentRequired, ServiceUnavailable, UnauthorizedRequest } from '../errors.ts'
import { errorFacts, rememberSecret, rememberToken } from '../log.ts'
import { UnknownKey } from './encryption.ts'
import { type Attempt, owns, persist, type WorkerContext } from './worker-context.ts'

/** What is kept encrypted for an action until it completes. */
type SealedState = {
  /** The bearer token with which its creator started or last resumed it. */
  caller?: string
  /** Who that is. */
  creator?: { username?: string | undefined; name?: string | undefined; identities: string[] }
  /** The dependent tokens it has got so far, by scope. */
  tokens?: Record<string, DependentToken>
  /** What identifies work in another system, and when that system was last asked. */
  remote?: { handle: unknown; polled_at: number }
  /** What continues the trace of the request that started the action (W3C Trace Context). */
  traceparent?: string
}

/**
 * The sealed state of an action while an attempt runs. It is opened when somebody asks for it, and not
 * before.
 */
export type AttemptState = {
  /** @throws UnknownKey */
  readonly value: SealedState
  /** Why it could not be opened, where that was tried. */
  readonly unreadable: UnknownKey | undefined
  save: (value: SealedState) => Promise<void>
  /** @throws ConsentRequired, ServiceUnavailable, UnknownKey */
  dependentToken: (scope: string) => Promise<string>
}

/** What work needs of its creator. */
type CallerFacts = Pick<AuthState, 'token' | 'username' | 'name' | 'identities'>

function callerState({ token, username, name, identities }: CallerFacts): SealedState {
  return { caller: token, creator: { username, name, identities: [...identities] } }
}

/** Seals what the work of an action needs of the caller who starts it. */
export function sealCaller(worker: WorkerContext, actionId: string, auth: CallerFacts): Uint8Array {
  const traceparent = worker.instrument.traceparent?.()
  const state: SealedState = { ...callerState(auth), ...(traceparent !== undefined && { traceparent }) }
  return worker.secrets.seal(worker.namespace, actionId, state)
}

/**
 * Seals the state of an action whose creator resumes it: their new token replaces all older ones, the handle
 * of remote work and the trace stay.
 * @throws ServiceUnavailable where this instance cannot read the handle
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
      throw new ServiceUnavailable('This instance cannot read what is kept for the action: try again later')
    }
  }
  return secrets.seal(namespace, actionId, { ...kept, ...callerState(auth) } satisfies SealedState)
}

/**
 * Opens the sealed state of an action.
 * @throws UnknownKey, or another error where it was not sealed for this action
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
 * What continues the trace of an action; `undefined` where it has none, and where nothing is traced.
 * @param sealed its sealed state, where that has been read already
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
    // Whoever needs more of it than the trace reports the error.
    return undefined
  }
}

/**
 * The state of an action for one attempt. Tokens are requested one after the other, so that none is lost.
 * @param sealed as it was when the attempt began
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
    if (kept && kept.expires_at - MARGIN > now()) return kept.access_token
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

/** A token this close to its expiry is refreshed before it is used, in milliseconds. */
const MARGIN = 60_000

/**
 * A new dependent token: by the refresh token of the old one, or else by the caller's token.
 * @throws ConsentRequired, also when neither of the two is good any more; ServiceUnavailable
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
