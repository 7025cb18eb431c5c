import type { DependentToken } from '../auth/auth.ts'
import { type Attempt, owns } from './attempt.ts'
import { dependentToken } from './dependent-token.ts'
import { persist, type WorkerContext } from './worker-context.ts'

/** What is sealed for an action until it completes. */
export type SealedState = {
  /** The bearer token of who started or last resumed it. */
  caller?: string
  /** Dependent tokens got so far, by scope. */
  tokens?: Record<string, DependentToken>
  /** What identifies work in another system, and when it was last asked about. */
  remote?: { handle: unknown; polled_at: number }
  /** What continues the trace of the request that started the action (W3C Trace Context). */
  traceparent?: string
}

/** The sealed content of an action while its work runs. */
export type StateKeeper = {
  readonly content: SealedState
  save: (content: SealedState) => Promise<void>
  /** @throws ConsentRequired, ServiceUnavailable */
  dependentToken: (scope: string) => Promise<string>
}

/** Opens what is sealed for an action. @throws where it cannot be opened */
export function openState(
  worker: WorkerContext,
  actionId: string,
  sealed: Uint8Array | undefined,
): SealedState {
  return sealed === undefined ? {} : (worker.secrets.open(worker.namespace, actionId, sealed) as SealedState)
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

/** Keeps what is sealed for an action while its work runs. Tokens are got one after the other, so that none is lost. */
export function keepState(worker: WorkerContext, attempt: Attempt, content: SealedState): StateKeeper {
  const { store, secrets, namespace, auth, now } = worker
  let current = content
  let turn: Promise<unknown> = Promise.resolve()

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
    const { token, content: next } = await dependentToken(auth, current, scope, now())
    if (next !== current) await save(next)
    return token.access_token
  }

  return {
    get content() {
      return current
    },
    save,
    dependentToken(scope) {
      const mine = turn.then(() => nextToken(scope))
      turn = mine.catch(() => {})
      return mine
    },
  }
}
