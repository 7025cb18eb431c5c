import { randomUUID } from 'node:crypto'
import { type ActionRequest, type ActionStore, identityURN } from 'action-provider-tools'
import { contentHash, newActionId, requestKey } from '../packages/action-provider-tools/src/action/keys.ts'
import { begin, succeed } from '../packages/action-provider-tools/src/action/lifecycle.ts'
import type { NewAction } from '../packages/action-provider-tools/src/store/action-store.ts'

/** How many are written at once. */
const AT_ONCE = 512

/** How many others have actions beside the caller. */
const OTHERS = 1_000

/** What is to be in a store, and what of it is asked for later. */
export type Filled = {
  /** Ids of the caller's actions, from all over the store. */
  sample: string[]
  /** When the first is due to be released, and the last, in milliseconds since 1970. */
  due: { first: number; last: number }
}

/** Fills a store with complete actions, half of them the caller's: through the store, as run would have written them. */
export async function fill(
  store: ActionStore,
  provider: string,
  caller: string,
  count: number,
): Promise<Filled> {
  const others = Array.from({ length: OTHERS }, () => identityURN(randomUUID()))
  const first = Date.now()
  const sample: string[] = []
  // More than the store keeps in memory, where there are as many.
  const every = Math.max(1, Math.floor(count / 40_000)) * 2
  let made = 0

  async function write(): Promise<void> {
    while (made < count) {
      const number = made++
      const creator = number % 2 === 0 ? caller : (others[number % OTHERS] ?? caller)
      // Each is done a millisecond after the one before.
      const action_id = await create(store, provider, creator, first + number)
      if (number % every === 0) sample.push(action_id)
    }
  }

  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, write))
  const kept = 30 * 86_400_000
  return { sample, due: { first: first + kept, last: first + kept + count } }
}

async function create(store: ActionStore, provider: string, creator: string, now: number): Promise<string> {
  const action = newAction(provider, creator, now)
  await store.create(action)
  return action.action_id
}

/** A request as run gives it to the store, with work that ends at once. */
export function newAction(provider: string, creator: string, now: number): NewAction {
  const action_id = newActionId()
  const request: ActionRequest = { request_id: action_id, body: { input_string: 'hey' } }
  const status = begin(action_id, creator, request, now)
  return {
    action_id,
    provider,
    request_key: requestKey(provider, creator, request.request_id),
    content_hash: contentHash(request),
    request,
    status,
    runInline: () => ({
      ...succeed({ status: 'ACTIVE', document: status, attempt: 1 }, { you_said: 'hey' }, now),
      attempt: 1,
    }),
  }
}
