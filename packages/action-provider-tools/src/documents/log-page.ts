import Type from 'typebox'

/** One entry of an action's log (interface, "Log page"). */
export const ActionLogEntry = Type.Object({
  time: Type.String({ format: 'date-time' }),
  code: Type.String({ minLength: 1 }),
  description: Type.String(),
  details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
export type ActionLogEntry = Type.Static<typeof ActionLogEntry>

/** The answer to log. `marker` stands only where `has_next_page` is true. */
export const ActionLogPage = Type.Object({
  limit: Type.Integer({ minimum: 1 }),
  has_next_page: Type.Boolean(),
  marker: Type.Optional(Type.String()),
  entries: Type.Array(ActionLogEntry),
})
export type ActionLogPage = Type.Static<typeof ActionLogPage>
