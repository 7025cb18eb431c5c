import { newActionId } from '../src/action/keys.ts'
import type { Change, CurrentAction, NewAction } from '../src/store/action-store.ts'

/** The same request, sent again: were it the first, its action would have another id. */
export function again(request: NewAction): NewAction {
  const action_id = newActionId()
  return { ...request, action_id, status: { ...request.status, action_id } }
}

/** Ends an action well. */
export function succeed(action: CurrentAction): Change {
  return { status: { ...action.document, status: 'SUCCEEDED' }, runs_on: null }
}
