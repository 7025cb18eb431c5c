/**
 * What an author of an action provider imports.
 *
 * @module action-provider-tools
 */
export { authorizeAccess, authorizeManagement } from './action/access.ts'
export type { Auth, AuthState, DependentToken } from './auth/auth.ts'
export type { GlobusAuthOptions } from './auth/globus-auth.ts'
export type { AuthCallEvent, AuthLog } from './auth/service.ts'
export type { ActionRequest } from './documents/action-request.ts'
export type { ActionDetails, ActionStatus, ActionStatusValue } from './documents/action-status.ts'
export type { Duration } from './documents/duration.ts'
export type { ActionLogEntry, ActionLogPage } from './documents/log-page.ts'
export { ALL_AUTHENTICATED_USERS, groupURN, identityURN, PUBLIC, type Role } from './documents/principal.ts'
export type { ProviderDescription } from './documents/provider-description.ts'
export * from './errors.ts'
export { type ActionProviderOptions, actionProvider } from './http/plugin.ts'
export type { InferInput, InputSchema } from './input/input-schema.ts'
export type { Callbacks, EnumerateParameters, LogParameters } from './provider/callbacks.ts'
export type { Concurrency } from './provider/concurrency.ts'
export {
  type ActionProvider,
  type CallbackDefinition,
  defineActionProvider,
  type ManagedDefinition,
  type RemoteDefinition,
} from './provider/define-action-provider.ts'
export type { Hooks, Operation, OperationEvent } from './provider/hooks.ts'
export type {
  Creator,
  PauseReason,
  PollResult,
  RemoteContext,
  RetryPolicy,
  RunContext,
  Step,
  StepContext,
  StepOptions,
  WaitFor,
  WaitForOptions,
} from './provider/run-context.ts'
export type { VersionOptions } from './provider/versions.ts'
export { createApplication } from './server/application.ts'
export { backUpOnSignal } from './server/backup.ts'
export { type GlobusClient, type ProgramSettings, readSettings } from './server/configuration.ts'
export {
  connectGlobus,
  type DevelopmentGlobus,
  type DevelopmentUser,
  type ProgramGlobus,
} from './server/development-globus.ts'
export { type FetchHandler, fetchHandler, type RequestOrigin } from './server/fetch-handler.ts'
export { type GreetedProvider, greeting } from './server/greeting.ts'
export { type Limits, limits } from './server/limits.ts'
export type { ServedProvider } from './server/places.ts'
export { runUntilStopped } from './server/program.ts'
export { type ProgramOptions, type ServeOptions, serve } from './server/serve.ts'
export type { ActionStore } from './store/action-store.ts'
export { openStore } from './store/open-store.ts'
export { type CloudwatchEmf, type CloudwatchEmfOptions, cloudwatchEmf } from './telemetry/cloudwatch-emf.ts'
export { createMetrics, type Metrics } from './telemetry/metrics.ts'
export { type ObservabilityOptions, observability } from './telemetry/telemetry.ts'
export { tracedGlobusAuth as globusAuth } from './telemetry/tracing.ts'
