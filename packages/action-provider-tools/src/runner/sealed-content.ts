import type { DependentToken } from '../auth/auth.ts'
import { type Attempt, owns } from './attempt.ts'
import { dependentToken } from './dependent-token.ts'
import { persist, type Workshop } from './workshop.ts'

/** What is sealed for an action until it completes. */
export type SealedContent = {
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
export type ContentKeeper = {
  readonly content: SealedContent
  save: (content: SealedContent) => Promise<void>
  /** @throws ConsentRequired, ServiceUnavailable */
  dependentToken: (scope: string) => Promise<string>
}

/** Opens what is sealed for an action. @throws where it cannot be opened */
export function openContent(
  workshop: Workshop,
  actionId: string,
  sealed: Uint8Array | undefined,
): SealedContent {
  return sealed === undefined
    ? {}
    : (workshop.secrets.open(workshop.namespace, actionId, sealed) as SealedContent)
}

/**
 * What continues the trace of an action; `undefined` where there is none, and where nothing is traced.
 * @param sealed what is sealed for it, where that has been read already
 */
export async function traceparentOf(
  workshop: Workshop,
  actionId: string,
  sealed?: Uint8Array,
): Promise<string | undefined> {
  const { store, namespace, telemetry } = workshop
  if (telemetry.traceparent === undefined) return undefined
  try {
    return openContent(workshop, actionId, sealed ?? (await store.getSecret(namespace, actionId))).traceparent
  } catch {
    // Whoever needs more of it than the trace finds out why.
    return undefined
  }
}

/** Keeps what is sealed for an action while its work runs. Tokens are got one after the other, so that none is lost. */
export function keepContent(workshop: Workshop, attempt: Attempt, content: SealedContent): ContentKeeper {
  const { store, secrets, namespace, auth, now } = workshop
  let current = content
  let turn: Promise<unknown> = Promise.resolve()

  async function save(next: SealedContent): Promise<void> {
    current = next
    const secret = secrets.seal(namespace, attempt.actionId, next)
    await persist(workshop, () =>
      store.transition(namespace, attempt.actionId, (action) =>
        owns(workshop, action, attempt) ? { secret } : undefined,
      ),
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
