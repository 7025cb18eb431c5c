import Type from 'typebox'
import { PrincipalURN } from './principal.ts'

/** The states of an action (interface, "Life of an action"). */
export const ActionStatusValue = Type.Enum(['ACTIVE', 'INACTIVE', 'SUCCEEDED', 'FAILED'])
export type ActionStatusValue = Type.Static<typeof ActionStatusValue>

/** The answer to run, status, cancel, resume and release (interface, "ActionStatus"). */
export const ActionStatus = Type.Object({
  action_id: Type.String({ minLength: 1 }),
  status: ActionStatusValue,
  details: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.String()]),
  creator_id: PrincipalURN,
  label: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  monitor_by: Type.Optional(Type.Array(Type.String())),
  manage_by: Type.Optional(Type.Array(Type.String())),
  start_time: Type.Optional(Type.String({ format: 'date-time' })),
  completion_time: Type.Optional(Type.String({ format: 'date-time' })),
  release_after: Type.Optional(Type.String({ format: 'duration' })),
  display_status: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
})
export type ActionStatus = Type.Static<typeof ActionStatus>

/** What a provider says of an action in its own words: the result, the progress or the failure. */
export type ActionDetails = ActionStatus['details']
