import type { Level } from './check.ts'

/** What a check came to. */
export type Result = {
  id: string
  group: string
  level: Level
  title: string
  outcome: 'passed' | 'failed' | 'skipped'
  /** What is wrong, why it was skipped, or a note. */
  note?: string
  /** The request at which a fault shows, or the last one of the check. No token is in it. */
  sent?: string
  /** What came then. */
  came?: string
  /** A section of docs/interface.md, and what it says. */
  section: string
  says: string
  mend: string
  milliseconds: number
}

/** What all checks came to. */
export type Report = {
  url: string
  title: string
  input: unknown
  /** How many actions were started. */
  started: number
  /** Those that could not be released, and those of which it is not clear whether these checks started them. */
  left: string[]
  /** Whether there was time for every check. */
  complete: boolean
  passed: number
  skipped: number
  failed: Record<Level, number>
  results: Result[]
}

/** Whether a provider conforms: it broke no rule that must hold. */
export function conforms({ failed }: Report): boolean {
  return failed.must === 0
}
