/**
 * What a program that calls action providers imports: the interface's documents as types, and where Globus is. It loads
 * next to nothing; what checks a request before it is sent stands in `client-checks.ts`.
 */
export { type GlobusUrls, globusUrls } from './auth/globus-urls.ts'
export type { ActionRequest } from './documents/action-request.ts'
export type { ActionDetails, ActionStatus, ActionStatusValue } from './documents/action-status.ts'
export type { ActionLogEntry, ActionLogPage } from './documents/log-page.ts'
export type { ProviderDescription } from './documents/provider-description.ts'
export { InvalidDefinition, RequestValidationError } from './errors.ts'
