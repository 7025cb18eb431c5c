import { basename, resolve } from 'node:path'

/** The longest that, with what Kubernetes adds to it, is still a label of DNS. */
const LONGEST = 40

/**
 * What is wrong with a name, in words; `undefined` where nothing is. The name is that of the npm package, the base
 * path of the URL, and the name of the systemd unit and of the Kubernetes objects: what is allowed everywhere.
 * @param taken names of packages that the project depends on
 */
export function nameProblem(name: string, taken: readonly string[]): string | undefined {
  if (taken.includes(name))
    return `${name} is the name of a package that the provider uses: take another name`
  if (name.length <= LONGEST && /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name)) return undefined
  const better = fittingName(name)
  const advice = better === undefined ? '' : `, such as ${better}`
  return `${JSON.stringify(name)} cannot be its name: take up to ${LONGEST} lower-case letters, digits and hyphens, a letter first and no hyphen last${advice}`
}

/** A name that is allowed, as near as can be to another; `undefined` where nothing of it is left. */
function fittingName(name: string): string | undefined {
  const fitting = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, LONGEST)
    .replace(/-+$/, '')
  return fitting === '' ? undefined : fitting
}

/** The name of a provider in a folder. @example nameOf('providers/word-count') // 'word-count' */
export function nameOf(folder: string): string {
  return basename(resolve(folder))
}

/** What people read. @example titleOf('word-count') // 'Word count' */
export function titleOf(name: string): string {
  const words = name.replaceAll(/-+/g, ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
