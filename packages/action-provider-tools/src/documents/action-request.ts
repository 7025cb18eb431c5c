import Type from 'typebox'
import { PrincipalURN } from './principal.ts'

/** The body of run (interface, "ActionRequest"). Unknown top-level fields are ignored. */
export const ActionRequest = Type.Object({
  request_id: Type.String(),
  body: Type.Record(Type.String(), Type.Unknown()),
  label: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  monitor_by: Type.Optional(Type.Array(PrincipalURN, { uniqueItems: true })),
  manage_by: Type.Optional(Type.Array(PrincipalURN, { uniqueItems: true })),
  allowed_clients: Type.Optional(
    Type.Array(Type.Enum(['public', 'globus', 'creator']), { uniqueItems: true }),
  ),
  deadline: Type.Optional(Type.String({ format: 'date-time' })),
  release_after: Type.Optional(
    Type.Union([Type.String({ format: 'duration' }), Type.Number({ minimum: 0 })]),
  ),
})

/**
 * A request after validation: unknown top-level fields are gone, `deadline` is in UTC with `Z`, and
 * `release_after` is an ISO 8601 duration.
 */
export type ActionRequest<Input = Record<string, unknown>> = Omit<
  Type.Static<typeof ActionRequest>,
  'body' | 'release_after'
> & {
  body: Input
  release_after?: string
}
