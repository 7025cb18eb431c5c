import { randomUUID } from 'node:crypto'
import { contentHash, newActionId, requestKey } from '../action/keys.ts'
import type { ActionStatus } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import { groupURN, identityURN } from '../documents/principal.ts'
import type { NewAction, StoredAction } from '../store/action-store.ts'

export const ALICE = identityURN('ca73e829-715f-4522-9141-1d2d3b1ae2a1')

export const BOB = identityURN('00000000-0000-4000-8000-00000000000b')
export const FRIENDS = groupURN('fdb38a24-03c1-11e3-86f7-12313809f035')
export const MINUTE = 60_000

/** How often, and for how long, a test checks for something that becomes true soon, in milliseconds. */
export const SOON = { interval: 20, timeout: 20_000 }

export type NewActionOptions = Pick<NewAction, 'deadline_at' | 'job' | 'secret' | 'work_version'> & {
  provider?: string
  creator?: string
  body?: Record<string, unknown>
  lists?: Pick<ActionStatus, 'monitor_by' | 'manage_by'>
}

/** A new request: by default of Alice and in a namespace of its own. */
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

/** The change that ends an action as SUCCEEDED. */
export const done = { status: 'SUCCEEDED', details: { you_said: 'hey' } } as const

/** The fields that make two requests the same. */
export function keysOf({
  request_key,
  content_hash,
}: NewAction): Pick<NewAction, 'request_key' | 'content_hash'> {
  return { request_key, content_hash }
}

/** An entry of a log that differs from those with other numbers. */
export function entry(number: number): ActionLogEntry {
  return {
    time: '2030-01-31T12:00:00.000Z',
    code: `Step${number}`,
    description: `Step ${number} żółw 🐢`,
    ...(number % 2 === 0 && { details: { number } }),
  }
}

/** The status document of an action. */
export function documentOf(action: StoredAction | undefined): ActionStatus {
  return JSON.parse(action?.document ?? 'null') as ActionStatus
}

/** An element of a list; indexes wrap around. */
export function pick<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T
}
