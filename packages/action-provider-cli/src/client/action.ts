import type { ActionStatus } from 'action-provider-tools/client'
import { unavailableError, usageError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import type { HttpAnswer } from './http.ts'
import { answered, type Provider } from './provider.ts'
import { actionPath } from './provider-url.ts'

/** @throws CommandError where the action cannot be seen */
export async function actionStatus(provider: Provider, actionId: string): Promise<ActionStatus> {
  return readStatus((await answered(provider, { path: actionPath(actionId, 'status') })).json, provider)
}

/** Cancels, resumes or releases an action. */
export async function changeAction(
  provider: Provider,
  actionId: string,
  operation: 'cancel' | 'resume' | 'release',
): Promise<ActionStatus> {
  const answer = await provider.ask({ method: 'POST', path: actionPath(actionId, operation) })
  if (operation === 'resume' && isNotOffered(answer)) {
    // Where there is no provider at all, that is what is wrong.
    await provider.describe()
    throw usageError(
      `${provider.url.href} cannot resume actions: "action-provider cancel" ends one that waits, if need be`,
    )
  }
  if (answer.status < 200 || answer.status > 299) throw provider.refusal(answer)
  return readStatus(answer.json, provider)
}

/** Whether a provider has no such operation: those of the Python toolkit answer that with a page. */
function isNotOffered({ status, json }: HttpAnswer): boolean {
  const { code } = (json ?? {}) as { code?: unknown }
  return status === 405 || status === 501 || (status === 404 && code !== 'ActionNotFound')
}

/** Takes a provider's word for what an action is, as far as anything can be done with it. */
export function readStatus(json: unknown, { url }: Provider): ActionStatus {
  const { action_id, status } = (json ?? {}) as Partial<Record<keyof ActionStatus, unknown>>
  if (typeof action_id !== 'string' || typeof status !== 'string') {
    throw unavailableError(`${url.href} answered with what is no status of an action: tell its admin_contact`)
  }
  return json as ActionStatus
}

export function isComplete({ status }: ActionStatus): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED'
}

/** What somebody may want to know of an action at a glance. */
export function summary({ status, display_status }: ActionStatus): string {
  const more = display_status === undefined || display_status === status ? '' : `  ${display_status}`
  return printable(`${status}${more}`)
}
