import type { Level } from './check.ts'

/** The result of a check. */
export type Result = {
  id: string
  group: string
  level: Level
  title: string
  outcome: 'passed' | 'failed' | 'skipped'
  /** What is wrong, why it was skipped, or a note. */
  note?: string
  /** The request that shows the fault, or the last one of the check, without its token. */
  sent?: string
  /** The answer to it. */
  came?: string
  /** A section of docs/interface.md, and what it says. */
  section: string
  says: string
  mend: string
  milliseconds: number
}

/** The results of all checks. */
export type Report = {
  url: string
  title: string
  input: unknown
  /** How many actions were started. */
  started: number
  /** Actions that could not be released, or that these checks may not have started. */
  left: string[]
  /** Whether there was time for every check. */
  complete: boolean
  passed: number
  skipped: number
  failed: Record<Level, number>
  results: Result[]
}

/** Whether a provider conforms: it broke no `must` rule. */
export function conforms({ failed }: Report): boolean {
  return failed.must === 0
}
