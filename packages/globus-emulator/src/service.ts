import { readFileSync } from 'node:fs'
import type { Faults } from './faults.ts'
import type { State } from './state/state.ts'

/** The parts that all routes of an emulator share. */
export type Service = {
  state: State
  settings: { /** Seconds that access tokens live. */ tokenLifetime: number }
  faults: Faults
  /** Saves the state, if it has a file. */
  save(): Promise<void>
}

/** The version of this package. */
export const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}
