import type { Subject } from './subject.ts'

/**
 * `must`: the interface requires it, and callers fail without it. `should`: it is good to have, or this
 * project's interface adds it to that of older providers.
 */
export type Level = 'must' | 'should'

/** A rule for action providers, and how to verify it. */
export type Check = {
  /** Stays the same from version to version. */
  readonly id: string
  readonly level: Level
  /** What holds if the check passes. */
  readonly title: string
  /** The section of docs/interface.md with the rule. */
  readonly section: string
  /** What that section says. */
  readonly says: string
  /** How the provider's author can mend it. */
  readonly mend: string
  /**
   * Verifies the rule. May resolve with a note for the report.
   *
   * @throws Fault if the rule is broken; Skip if it cannot be verified here
   */
  readonly verify: (subject: Subject) => Promise<string | undefined> | Promise<void>
}

/** Checks of one kind, in order. */
export type Group = { readonly title: string; readonly checks: readonly Check[] }
