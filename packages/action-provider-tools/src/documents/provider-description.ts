import type { XStatic } from 'typebox/schema'
import { PrincipalOrAllAuthenticated, PrincipalOrAnyone, PrincipalURN } from './principal.ts'

/** The answer to introspect (interface, "ProviderDescription"), as JSON Schema. */
export const ProviderDescription = {
  type: 'object',
  required: [
    'types',
    'api_version',
    'globus_auth_scope',
    'title',
    'visible_to',
    'runnable_by',
    'admin_contact',
    'synchronous',
    'log_supported',
    'maximum_deadline',
    'input_schema',
  ],
  properties: {
    types: {
      type: 'array',
      items: { type: 'string', enum: ['ACTION', 'EVENT'] },
      minItems: 1,
      uniqueItems: true,
    },
    api_version: { type: 'string', const: '1.0' },
    globus_auth_scope: { type: 'string', minLength: 1 },
    title: { type: 'string', minLength: 1, maxLength: 128 },
    subtitle: { type: 'string', minLength: 1, maxLength: 128 },
    description: { type: 'string', minLength: 1, maxLength: 4096 },
    keywords: { type: 'array', items: { type: 'string', minLength: 1 } },
    visible_to: { type: 'array', items: PrincipalOrAnyone, uniqueItems: true },
    runnable_by: { type: 'array', items: PrincipalOrAllAuthenticated, uniqueItems: true },
    administered_by: { type: 'array', items: PrincipalURN, uniqueItems: true },
    admin_contact: { type: 'string', minLength: 1 },
    synchronous: { type: 'boolean' },
    log_supported: { type: 'boolean' },
    maximum_deadline: { type: 'string', format: 'duration' },
    input_schema: { type: 'object', additionalProperties: true },
    event_types: {
      type: 'array',
      items: { type: 'string', enum: ['STARTED', 'STATUS_UPDATE', 'LOG_UPDATE', 'COMPLETED', 'FAILED'] },
      uniqueItems: true,
    },
  },
  additionalProperties: false,
} as const
export type ProviderDescription = XStatic<typeof ProviderDescription>
