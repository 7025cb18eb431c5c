import { randomUUID } from 'node:crypto'
import { identityURN } from '../src/documents/principal.ts'
import type { Change, NewAction, StoredAction } from '../src/store/action-store.ts'
import { contentHash, newActionId, requestKey } from '../src/store/keys.ts'

export const ADA = identityURN('ada00000-0000-4000-8000-000000000001')

/** A request of Ada's that nobody has sent before. */
export function newAction(provider: string, more: Partial<NewAction> = {}): NewAction {
  const action_id = newActionId()
  const request = { request_id: randomUUID(), body: { echo_string: 'hello' } }
  return {
    action_id,
    provider,
    request_key: requestKey(provider, ADA, request.request_id),
    content_hash: contentHash(request),
    request,
    status: {
      action_id,
      status: 'ACTIVE',
      details: {},
      creator_id: ADA,
      start_time: new Date().toISOString(),
    },
    ...more,
  }
}

/** The same request, sent again: another action would get another id. */
export function again(first: NewAction): NewAction {
  const action_id = newActionId()
  return { ...first, action_id, status: { ...first.status, action_id } }
}

/** Ends an action well. */
export function succeed(action: StoredAction, details: Record<string, unknown> = {}): Change {
  const status = { ...JSON.parse(action.document), status: 'SUCCEEDED', details }
  return { status, runs_on: null }
}
