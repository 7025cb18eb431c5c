/**
 * What a program that calls action providers imports: a client, the types of the interface's documents, and
 * the URLs of Globus. It needs only Web standards and loads no other package. `client/checks` checks requests
 * before they are sent.
 *
 * @module action-provider-tools/client
 */
export { type GlobusUrls, globusUrls, isLoopback } from '../auth/globus-urls.ts'
export type { ActionRequest } from '../documents/action-request.ts'
export type { ActionDetails, ActionStatus, ActionStatusValue } from '../documents/action-status.ts'
export type { ActionLogEntry, ActionLogPage } from '../documents/log-page.ts'
export type { ProviderDescription } from '../documents/provider-description.ts'
export {
  ActionConflict,
  ActionNotFound,
  ActionProviderError,
  ActionProviderToolsError,
  BadActionRequest,
  ConsentRequired,
  type ErrorDocument,
  ForbiddenRequest,
  InvalidDefinition,
  MethodNotAllowed,
  NotFound,
  PayloadTooLarge,
  RequestValidationError,
  ServiceUnavailable,
  TooManyRequests,
  UnauthorizedRequest,
} from '../errors.ts'
export type { Action } from './action.ts'
export { type ActionsOptions, connect, type Provider, type RunOptions, type Schemas } from './connect.ts'
export type { ConnectOptions } from './connection.ts'
export type { OpenApi, Status } from './documents.ts'
export { type Carrier, type Exchange, exchange, readText, requireTls } from './exchange.ts'
export { type Answer, errorDocument, retryAfter, UnexpectedAnswer } from './failure.ts'
export type { WaitOptions } from './finished.ts'
export type { LogOptions } from './follow-log.ts'
export { NetworkFailure } from './network-failure.ts'
export { type PagesOptions, TooManyPages } from './pages.ts'
export { InvalidArgument, providerUrl } from './provider-url.ts'
export type { OnRetry, RequestOptions, RetryOptions } from './repeat.ts'
export type { DetailsOf, InputOf, Schema, Typed } from './schema.ts'
export { isRegisteredScope, topScopes } from './scopes.ts'
export type { GetToken, GlobusManager, TokenOptions } from './token.ts'
export type { Update, UpdatesOptions } from './updates.ts'
