import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import {
  ActionConflict,
  ActionNotFound,
  type ActionProvider,
  type ActionRequest,
  type ActionStatus,
  type AuthState,
  type Callbacks,
  defineActionProvider,
} from 'action-provider-tools'
import { createState, type Input, type State } from './state.ts'

const isComplete = ({ status }: ActionStatus): boolean => status === 'SUCCEEDED' || status === 'FAILED'

/** Starts an action, unless the caller has sent this request before. */
const run =
  (state: State): Callbacks<Input>['run'] =>
  ({ auth, request, input }) => {
    const caller = auth.effectiveIdentity
    const seen = state.seen(caller, request.request_id)
    if (seen) {
      if (isDeepStrictEqual(contentOf(seen.request), contentOf(request)))
        return { repeated: retrieve(state, seen.action_id) }
      throw new ActionConflict(
        `Request with id ${request.request_id} already present with different parameters`,
      )
    }
    const now = new Date().toISOString()
    const { label, monitor_by, manage_by, release_after = 'P30D' } = request
    const status: ActionStatus = {
      action_id: randomUUID(),
      status: 'SUCCEEDED',
      creator_id: caller,
      ...(label !== undefined && { label }),
      ...(monitor_by && { monitor_by }),
      ...(manage_by && { manage_by }),
      start_time: now,
      completion_time: now,
      release_after,
      display_status: 'SUCCEEDED',
      details: { you_said: input.input_string },
    }
    state.keep(caller, request, status)
    return status
  }

/** What makes a request the same as another: the lists of principals have no order. */
const contentOf = ({ monitor_by, manage_by, ...request }: ActionRequest<Input>): object => ({
  ...request,
  monitor_by: new Set(monitor_by),
  manage_by: new Set(manage_by),
})

function retrieve(state: State, action_id: string): ActionStatus {
  const status = state.find(action_id)
  if (status === undefined) throw new ActionNotFound(`No Action with id ${action_id}`)
  return status
}

/** A complete action stays as it is; another ends here. The caller may manage it: that has been seen to. */
const cancel =
  (state: State): Callbacks<Input>['cancel'] =>
  ({ action_id }) => {
    const status = retrieve(state, action_id)
    if (isComplete(status)) return status
    const canceled: ActionStatus = {
      ...status,
      status: 'FAILED',
      completion_time: new Date().toISOString(),
      display_status: 'Canceled by user request',
      details: { code: 'Canceled', description: 'Canceled by user request' },
    }
    state.change(canceled)
    return canceled
  }

/** Forgets a complete action and the request that started it. */
const release =
  (state: State): Callbacks<Input>['release'] =>
  ({ action_id }) => {
    const status = retrieve(state, action_id)
    if (!isComplete(status)) throw new ActionConflict('Action is not complete')
    state.forget(action_id)
    return status
  }

/** The actions in which the caller has one of the roles, newest first, after the marker. */
const enumerate =
  (state: State): NonNullable<Callbacks<Input>['enumerate']> =>
  async ({ auth, statuses, roles, marker }) => {
    const matches: ActionStatus[] = []
    for (const action of state.newestFirst()) {
      const allowed = [...roles].flatMap((role) => action[role] ?? [])
      if (statuses.has(action.status) && (await mayBe(auth, allowed))) matches.push(action)
    }
    return matches.slice(matches.findIndex(({ action_id }) => action_id === marker) + 1)
  }

const mayBe = (auth: AuthState, allowed: string[]): boolean | Promise<boolean> =>
  auth.checkAuthorization(allowed, { allowAllAuthenticatedUsers: true })

/** The echo provider with a store of its own. @param state where its actions are kept */
export const watchasayOn = (state: State = createState()): ActionProvider<Input> =>
  defineActionProvider({
    description: {
      title: 'skeleton_action_provider',
      admin_contact: 'support@globus.org',
      synchronous: true,
      visible_to: ['public'],
    },
    input: {
      $id: 'https://automate.globus.org/skeleton_action_provider.input.schema.json',
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'Skeleton Action Provider Input Schema',
      type: 'object',
      properties: {
        input_string: { type: 'string', description: 'A string to be replayed back to the user' },
      },
      required: ['input_string'],
      additionalProperties: false,
    },
    additionalScopes: ['https://auth.globus.org/scopes/d3a66776-759f-4316-ba55-21725fe37323/secondary_scope'],
    run: run(state),
    status: ({ action_id }) => state.find(action_id),
    cancel: cancel(state),
    release: release(state),
    enumerate: enumerate(state),
  })
