import type { ActionRequest, ActionStatus } from 'action-provider-tools'

export type Input = { input_string: string }

/** A request that started an action. */
type Seen = { request: ActionRequest<Input>; action_id: string }

/** Where this provider keeps its actions: in memory, so they are gone when it ends. A database of yours takes its place. */
export type State = {
  /** What a caller's request had started, if it was seen before. */
  seen: (caller: string, request_id: string) => Seen | undefined
  find: (action_id: string) => ActionStatus | undefined
  keep: (caller: string, request: ActionRequest<Input>, status: ActionStatus) => void
  change: (status: ActionStatus) => void
  forget: (action_id: string) => void
  newestFirst: () => ActionStatus[]
}

export function createState(): State {
  const requests = new Map<string, Seen>()
  const actions = new Map<string, { status: ActionStatus; key: string }>()
  const keyOf = (caller: string, request_id: string): string => JSON.stringify([caller, request_id])
  return {
    seen: (caller, request_id) => requests.get(keyOf(caller, request_id)),
    find: (action_id) => actions.get(action_id)?.status,
    keep(caller, request, status) {
      const key = keyOf(caller, request.request_id)
      requests.set(key, { request, action_id: status.action_id })
      actions.set(status.action_id, { status, key })
    },
    change(status) {
      const kept = actions.get(status.action_id)
      if (kept) kept.status = status
    },
    forget(action_id) {
      requests.delete(actions.get(action_id)?.key ?? '')
      actions.delete(action_id)
    },
    newestFirst: () => [...actions.values()].map(({ status }) => status).reverse(),
  }
}
