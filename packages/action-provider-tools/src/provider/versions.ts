import { InvalidDefinition } from '../errors.ts'

/** The version of the work, and what happens to unfinished actions of other versions. */
export type VersionOptions = {
  /**
   * The version of the work, stored with each action that starts under it. Change it when the steps of
   * unfinished actions no longer fit (default: none; then all work continues).
   */
  version?: string
  /**
   * Other versions whose unfinished work continues under this one (default: none). Work that started without
   * a version does too.
   */
  versions?: { compatible?: readonly string[] }
  /**
   * What happens to unfinished work of any other version when it is due: it is FAILED with code
   * `VersionChanged` (`fail`, the default), or left to an instance of its own version (`wait`).
   */
  onOtherVersion?: 'fail' | 'wait'
}

/** The same, checked and complete. */
export type WorkVersion = {
  version: string
  /** Whether work that started under a version continues. */
  takes: (version: string | undefined) => boolean
  onOther: 'fail' | 'wait'
}

const VERSION = /^[^\p{Cc}]{1,200}$/u

/** @throws InvalidDefinition */
export function workVersion({
  version,
  versions,
  onOtherVersion = 'fail',
}: VersionOptions): WorkVersion | undefined {
  const compatible = versions?.compatible ?? []
  if (onOtherVersion !== 'fail' && onOtherVersion !== 'wait') {
    throw new InvalidDefinition("'onOtherVersion' must be 'fail' or 'wait'")
  }
  if (!Array.isArray(compatible)) {
    throw new InvalidDefinition("'versions.compatible' must be a list, such as ['2026-10']")
  }
  for (const each of version === undefined ? compatible : [version, ...compatible]) {
    if (typeof each !== 'string' || !VERSION.test(each)) {
      throw new InvalidDefinition("A version must be a text of 1 to 200 characters, such as '2026-11'")
    }
  }
  if (version === undefined) {
    if (versions === undefined && onOtherVersion === 'fail') return undefined
    throw new InvalidDefinition(
      "'versions' and 'onOtherVersion' compare with the version of the work: give it as 'version'",
    )
  }
  const taken = new Set<string | undefined>([undefined, version, ...compatible])
  return { version, takes: (other) => taken.has(other), onOther: onOtherVersion }
}
