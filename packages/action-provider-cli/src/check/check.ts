import type { Subject } from './subject.ts'

/**
 * `must`: the interface asks for it, and callers fail without it. `should`: it is good to have, or what this project's
 * interface adds to that of older providers.
 */
export type Level = 'must' | 'should'

/** One thing that an action provider does, and how to see that it does. */
export type Check = {
  /** Stays the same from version to version. */
  readonly id: string
  readonly level: Level
  /** What is so where the check passes. */
  readonly title: string
  /** The section of docs/interface.md that says so. */
  readonly section: string
  /** What that section says. */
  readonly says: string
  /** What the provider's author can do. */
  readonly mend: string
  /**
   * Looks whether it is so. May resolve with a note for the report.
   *
   * @throws Fault where it is not so; Skip where that cannot be seen here
   */
  readonly verify: (subject: Subject) => Promise<string | undefined> | Promise<void>
}

/** Checks of one kind, in the order in which they are made. */
export type Group = { readonly title: string; readonly checks: readonly Check[] }
