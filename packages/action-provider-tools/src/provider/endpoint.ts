import { isPublic } from '../action/access.ts'
import type { ProviderDescription } from '../documents/provider-description.ts'
import type { Operation } from './hooks.ts'

/** The endpoints of a provider: its operations, and its OpenAPI document. */
export type Endpoint = Operation | 'openapi'

/** The operation as which hooks, metrics and traces see a request: the document is introspect in other words. */
export function operationOfEndpoint(endpoint: Endpoint): Operation {
  return endpoint === 'openapi' ? 'introspect' : endpoint
}

/** Who may use an operation, before it is known on which action (interface, "Operations"). */
export type Admission = {
  /** The list that the caller must be in; without one, any valid token is enough. */
  list?: 'visible_to' | 'runnable_by'
  /** Whether nobody is asked for a token. */
  open: boolean
}

/** Who may use an operation of a provider with this description. */
export function admissionTo(
  operation: Operation,
  { visible_to }: Pick<ProviderDescription, 'visible_to'>,
): Admission {
  if (operation === 'introspect') return { list: 'visible_to', open: isPublic(visible_to) }
  if (operation === 'run' || operation === 'enumerate') return { list: 'runnable_by', open: false }
  return { open: false }
}
