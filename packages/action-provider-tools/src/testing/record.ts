import type { Auth } from '../auth/auth.ts'
import type { ActionRequest } from '../documents/action-request.ts'
import type { ActionStatus } from '../documents/action-status.ts'
import { ActionNotFound } from '../errors.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'
import type { ActionStore } from '../store/action-store.ts'
import { encryptionWithKeys } from '../worker/encryption.ts'
import type { Entry } from '../worker/journal.ts'

/** A recorded step, or an event that the work got, with its value. */
export type RecordedStep = Entry & { value?: unknown }

/** A record of unfinished work: JSON, to be kept beside the tests. It is not encrypted. */
export type RecordedAction = {
  action_id: string
  creator_id: string
  start_time: string
  request: ActionRequest
  /** By the name of each. */
  steps: Record<string, RecordedStep>
}

/** The place of an unfinished action. */
export type RecordedFrom = {
  provider: ActionProvider
  store: ActionStore
  auth: Auth
  /** As in the registration of the provider (default: none). */
  secretsKeys?: readonly Uint8Array[]
}

/**
 * Records an action whose work has not ended, for `replay`.
 *
 * @throws ActionNotFound if there is no such action, or it is complete: then its steps are erased
 * @example writeFileSync('before.json', JSON.stringify(await record({ provider, store, auth }, action.id)))
 */
export async function record(
  { provider: { namespace }, store, auth, secretsKeys = [] }: RecordedFrom,
  actionId: string,
): Promise<RecordedAction> {
  const action = await store.get(namespace, actionId)
  const work = await store.getWork(namespace, actionId)
  if (work === undefined || (action?.status !== 'ACTIVE' && action?.status !== 'INACTIVE')) {
    throw new ActionNotFound()
  }
  const secrets = encryptionWithKeys([...secretsKeys, auth.secretsKey()])
  const { creator_id, start_time = '' } = JSON.parse(action.document) as ActionStatus
  const withValue = (entry: Entry): RecordedStep => {
    if (entry.kind !== 'event') return entry
    const found = work.events.find(
      ({ delivery }) => Buffer.from(delivery).toString('base64') === entry.delivery,
    )
    if (found === undefined) return entry
    const { value } = secrets.open(namespace, actionId, found.sealed) as { value: unknown }
    return { ...entry, value }
  }
  const steps = work.steps.map(({ sealed }) => {
    const { name, ...entry } = secrets.open(namespace, actionId, sealed) as Entry & { name: string }
    return [name, withValue(entry)]
  })
  const { request } = work
  return { action_id: actionId, creator_id, start_time, request, steps: Object.fromEntries(steps) }
}
