import type { Moved } from './line.ts'
import type { Totals } from './totals.ts'

/** What moving needs of a database to read it. All of it is of one moment. */
export type Source = {
  /** The store's word for itself. */
  kind: string
  /** Every action in order of its id, each followed by what did not fit its line. */
  moving: () => AsyncIterable<Moved>
  close: () => Promise<void>
}

/** How far an import has come. */
export type Progress = {
  /** Which export it is of. */
  export_id: string
  /** How many lines after the first are in the store, and what they hash to. */
  lines: number
  sha256: string
  complete: boolean
}

/** What moving needs of a database to write it. */
export type Target = {
  /** The import that was begun here, if any. */
  progress: () => Promise<Progress | undefined>
  /** Whether there are actions. */
  isEmpty: () => Promise<boolean>
  /** Notes that an import has begun: no instance opens the store until it is complete. */
  begin: (progress: Progress) => Promise<void>
  /** Writes what moves and how far that is, in one transaction. */
  write: (moving: readonly Moved[], progress: Progress) => Promise<void>
  /** Counts what there is. */
  totals: () => Promise<Totals>
  /** Writes the counts of actions anew, and notes that the import is complete. */
  finish: (progress: Progress) => Promise<void>
  close: () => Promise<void>
}

export type OpeningOptions = {
  /** Go on though instances are connected to it. */
  whileRunning?: boolean
  log?: (message: string) => void
}
