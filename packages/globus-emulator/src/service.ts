import type { FastifyRequest } from 'fastify'
import type { Faults } from './faults.ts'
import type { State } from './state/state.ts'

/** What the routes share. */
export type Service = {
  state: State
  settings: Settings
  faults: Faults
  /** Keeps the state, where it is kept in a file. */
  save(): Promise<void>
}

export type Settings = {
  /** Seconds that an access token lives. */
  tokenLifetime: number
}

/** The emulator's address as the sender of this request knows it. */
export function baseUrl(request: FastifyRequest): string {
  return `http://${request.host}`
}
