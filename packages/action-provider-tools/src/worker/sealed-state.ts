import type { DependentToken } from '../auth/auth.ts'
import { rememberSecret, rememberToken } from '../auth/known-secrets.ts'
import { ServiceUnavailable } from '../errors.ts'
import { errorFacts } from '../telemetry/error-facts.ts'
import { type Attempt, owns } from './attempt.ts'
import { dependentToken } from './dependent-token.ts'
import { UnknownKey } from './encryption.ts'
import { persist, type WorkerContext } from './worker-context.ts'

/** What is sealed for an action until it completes. */
export type SealedState = {
  /** The bearer token with which its creator started or last resumed it. */
  caller?: string
  /** Dependent tokens got so far, by scope. */
  tokens?: Record<string, DependentToken>
  /** What identifies work in another system, and when it was last asked about. */
  remote?: { handle: unknown; polled_at: number }
  /** What continues the trace of the request that started the action (W3C Trace Context). */
  traceparent?: string
}

/** The sealed state of an action while its work runs. It is opened when something of it is asked for, and not before. */
export type StateKeeper = {
  /** @throws UnknownKey */
  readonly content: SealedState
  /** Why it could not be opened, where that was tried. */
  readonly unreadable: UnknownKey | undefined
  save: (content: SealedState) => Promise<void>
  /** @throws ConsentRequired, ServiceUnavailable, UnknownKey */
  dependentToken: (scope: string) => Promise<string>
}

/** Opens what is sealed for an action. @throws UnknownKey, or another error where it was not sealed for this action */
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
 * What continues the trace of an action; `undefined` where there is none, and where nothing is traced.
 * @param sealed what is sealed for it, where that has been read already
 */
export async function traceparentOf(
  worker: WorkerContext,
  actionId: string,
  sealed?: Uint8Array,
): Promise<string | undefined> {
  const { store, namespace, telemetry } = worker
  if (telemetry.traceparent === undefined) return undefined
  try {
    return openState(worker, actionId, sealed ?? (await store.getSecret(namespace, actionId))).traceparent
  } catch {
    // Whoever needs more of it than the trace finds out why.
    return undefined
  }
}

/**
 * What is sealed for an action from now on, when its creator resumes it: their new token in place of all older ones, with
 * which the work goes on where it was, in its trace.
 * @throws ServiceUnavailable where only another instance can say where the work was
 */
export async function resealed(
  worker: WorkerContext,
  actionId: string,
  { token }: { token: string },
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
  return secrets.seal(namespace, actionId, { ...kept, caller: token } satisfies SealedState)
}

/**
 * Keeps what is sealed for an action while its work runs. Tokens are got one after the other, so that none is lost.
 * @param sealed as it was when the work began
 */
export function keepState(
  worker: WorkerContext,
  attempt: Attempt,
  sealed: Uint8Array | undefined,
): StateKeeper {
  const { store, secrets, namespace, auth, now } = worker
  let current: SealedState | undefined
  let unreadable: UnknownKey | undefined
  let turn: Promise<unknown> = Promise.resolve()

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

  async function nextToken(scope: string): Promise<string> {
    const before = open()
    const { token, content: next } = await dependentToken(auth, before, scope, now())
    rememberToken(token)
    if (next !== before) await save(next)
    return token.access_token
  }

  return {
    get content() {
      return open()
    },
    get unreadable() {
      return unreadable
    },
    save,
    dependentToken(scope) {
      const mine = turn.then(() => nextToken(scope))
      turn = mine.catch(() => {})
      return mine
    },
  }
}
