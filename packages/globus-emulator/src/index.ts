/**
 * Globus Auth and Groups on this machine: start one, or connect to one, and manage its users and clients.
 *
 * @module globus-emulator
 */
export {
  type Administration,
  type ConsentOrder,
  type ConsentQuery,
  type ConsentSummary,
  connectEmulator,
  type EmulatorInfo,
  findEmulator,
  type TokenOrder,
  type User,
  type UserGroup,
} from './administration/administration.ts'
export { type Emulator, type EmulatorOptions, startEmulator } from './emulator.ts'
export type { Endpoint, Fault } from './faults.ts'
export type { Registered, Registration } from './state/registration.ts'
export type { Seed } from './state/seed.ts'
export { commandLineClient, consoleClient, groupsScope } from './state/services.ts'
export type { TokenDocument } from './state/tokens.ts'
