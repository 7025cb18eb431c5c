import type { Moved } from './line.ts'
import type { Totals } from './totals.ts'

/** A database that is exported, as of one moment. */
export type Source = {
  /** The `kind` of the store. */
  kind: string
  /** Every action in the order of ids, each followed by the log entries that do not fit its line. */
  moving: () => AsyncIterable<Moved>
  close: () => Promise<void>
}

/** The progress of an import. */
export type Progress = {
  /** The export that is imported. */
  export_id: string
  /** How many lines after the header are imported, and their hash. */
  lines: number
  sha256: string
  complete: boolean
}

/** A database that is imported into. */
export type Target = {
  /** The import that was begun in this database, if any. */
  progress: () => Promise<Progress | undefined>
  /** Whether the database has no actions. */
  isEmpty: () => Promise<boolean>
  /** Records that an import has begun: no instance opens the store until it is complete. */
  begin: (progress: Progress) => Promise<void>
  /** Writes lines and the progress in one transaction. */
  write: (moving: readonly Moved[], progress: Progress) => Promise<void>
  /** Counts the rows of the database. */
  totals: () => Promise<Totals>
  /** Updates the counts of actions, and records that the import is complete. */
  finish: (progress: Progress) => Promise<void>
  close: () => Promise<void>
}

export type OpeningOptions = {
  /** Export even if instances are connected. */
  whileRunning?: boolean
  log?: (message: string) => void
}
