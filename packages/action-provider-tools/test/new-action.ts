import { randomUUID } from 'node:crypto'
import { contentHash, newActionId, requestKey } from '../src/action/keys.ts'
import type { ActionStatus } from '../src/documents/action-status.ts'
import { identityURN } from '../src/documents/principal.ts'
import type { NewAction } from '../src/store/action-store.ts'

export const ALICE = identityURN('ca73e829-715f-4522-9141-1d2d3b1ae2a1')

type NewActionOptions = Pick<NewAction, 'deadline_at' | 'job' | 'secret'> & {
  provider?: string
  creator?: string
  body?: Record<string, unknown>
  lists?: Pick<ActionStatus, 'monitor_by' | 'manage_by'>
}

/** A request of its own, of Alice's and in a namespace of its own where nothing else is said. */
export function newAction(options: NewActionOptions = {}): NewAction {
  const { provider = randomUUID(), creator = ALICE, body = {}, lists, ...rest } = options
  const action_id = newActionId()
  const request = { request_id: randomUUID(), body }
  return {
    action_id,
    provider,
    request_key: requestKey(provider, creator, request.request_id),
    content_hash: contentHash(request),
    request,
    status: { action_id, status: 'ACTIVE', details: {}, creator_id: creator, ...lists },
    ...rest,
  }
}
