import Type from 'typebox'

const Principals = Type.Array(Type.String())

/** The answer to introspect (interface, "ProviderDescription"). */
export const ProviderDescription = Type.Object({
  types: Type.Array(Type.Enum(['Action', 'Event'])),
  api_version: Type.Literal('1.0'),
  globus_auth_scope: Type.String({ minLength: 1 }),
  title: Type.String({ minLength: 1, maxLength: 128 }),
  subtitle: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  description: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
  keywords: Type.Optional(Type.Array(Type.String())),
  visible_to: Principals,
  runnable_by: Principals,
  administered_by: Type.Optional(Principals),
  admin_contact: Type.String({ minLength: 1 }),
  synchronous: Type.Boolean(),
  log_supported: Type.Boolean(),
  maximum_deadline: Type.String({ format: 'duration' }),
  input_schema: Type.Unknown(),
  event_types: Type.Optional(
    Type.Array(Type.Enum(['STARTED', 'STATUS_UPDATE', 'LOG_UPDATE', 'COMPLETED', 'FAILED'])),
  ),
})
export type ProviderDescription = Type.Static<typeof ProviderDescription>
