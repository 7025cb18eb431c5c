export type {
  Administration,
  Administration as EmulatorAdmin,
  ConsentOrder,
  ConsentQuery,
  ConsentSummary,
  TokenOrder,
  User,
  UserGroup,
} from './administration/administration.ts'
export { connectEmulator, type EmulatorInfo, findEmulator } from './administration/connect.ts'
export { emulatorCommand } from './command.ts'
export { type Emulator, type EmulatorOptions, startEmulator } from './emulator.ts'
export { type Endpoint, endpoints } from './endpoints.ts'
export type { Fault } from './faults.ts'
export { runEmulator } from './run.ts'
export { formatScopes, parseScopes, ScopeSyntaxError, type ScopeTree } from './scope-grammar.ts'
export type { Registered, Registration } from './state/registration.ts'
export { type Seed, SeedError } from './state/seed.ts'
export { commandLineClient, groupsScope } from './state/services.ts'
export type { TokenDocument } from './state/tokens.ts'
