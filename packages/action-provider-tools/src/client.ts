/**
 * What a program that calls action providers imports: where Globus is, and the rules a request has to keep, without
 * the server, the store and the runner that `index.ts` brings along.
 */
export { type GlobusUrls, globusUrls } from './auth/globus-urls.ts'
export { type ActionRequest, readActionRequest } from './documents/action-request.ts'
export type { ActionDetails, ActionStatus, ActionStatusValue } from './documents/action-status.ts'
export type { ActionLogEntry, ActionLogPage } from './documents/log-page.ts'
export type { ProviderDescription } from './documents/provider-description.ts'
export { InvalidDefinition, RequestValidationError } from './errors.ts'
export { type CompiledInput, compileInput } from './input/compile-input.ts'
