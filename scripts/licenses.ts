/**
 * Lists the licenses of all packages that are installed with the published ones or are bundled in them, from
 * the lock file. Ends with 1 where one is unknown or does not go with the Apache License 2.0, and where the
 * built console lacks a notice: `npm run check:licenses`, with `-- --list` for the packages by license.
 */
import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { PACKAGES } from './pack.ts'

/** Licenses that ask for no more than that their text is kept. */
const ALLOWED = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
])

/**
 * Packages whose built page contains what they are developed with, and the file of it that holds the
 * licenses.
 */
const BUNDLED = new Map([['action-provider-console', 'dist/page/THIRD-PARTY.txt']])

type Locked = {
  license?: string
  link?: boolean
  resolved?: string
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
  devDependencies?: Record<string, string>
}

export type Lock = { packages: Record<string, Locked> }

/** The packages by their licenses, and those whose license is not allowed. */
export type Licenses = { byLicense: Map<string, string[]>; refused: string[] }

/**
 * @param lock a lock file of npm
 * @param roots the packages whose dependencies are followed, optional ones too
 */
export function licensesOf(lock: Lock, roots: readonly string[]): Licenses {
  const seen = new Set<string>()
  const byLicense = new Map<string, string[]>()
  const refused: string[] = []
  const follow = (path: string, bundled = false): void => {
    if (seen.has(path)) return
    seen.add(path)
    const found = lock.packages[path] ?? {}
    if (found.link && found.resolved) {
      follow(found.resolved)
      return
    }
    const name = path.replace(/^.*node_modules\//, '')
    const license = found.license ?? 'unknown'
    byLicense.set(license, [...(byLicense.get(license) ?? []), name].sort())
    if (!isAllowed(license)) refused.push(`${name}: ${license}`)
    for (const each of needed(found, bundled)) {
      const place = placeOf(lock, path, each)
      if (place !== undefined) follow(place)
    }
  }
  for (const root of roots) follow(`packages/${root}`, BUNDLED.has(root))
  return { byLicense, refused }
}

/**
 * What is installed with a package, or is part of it: what a peer may leave out is for its user to look at.
 */
function needed(found: Locked, bundled: boolean): string[] {
  const { dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta = {} } = found
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)
  const parts = bundled ? found.devDependencies : {}
  return [...peers, ...Object.keys({ ...dependencies, ...optionalDependencies, ...parts })]
}

/**
 * Checks the licenses that a built page brings with it.
 *
 * @param notices the text of THIRD-PARTY.txt; `undefined` where it is not built
 * @param known the packages whose licenses are allowed
 * @returns what is wrong
 */
export function problemsOfNotices(notices: string | undefined, known: ReadonlySet<string>): string[] {
  if (notices === undefined) return ['The page of the console is not built: run npm run build']
  const named = [...notices.matchAll(/^(\S+) \d\S* \(.*\)$/gm)].map(([, name = '']) => name)
  if (named.length === 0) return ['THIRD-PARTY.txt names no package']
  return named
    .filter((name) => !known.has(name))
    .map((name) => `${name} is in the page of the console, but not among the licenses that are checked`)
}

/** Whether a license, or one of those that may be chosen from, is allowed. */
function isAllowed(license: string): boolean {
  return license
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((each) => ALLOWED.has(each)))
}

/** Where Node finds a package from another one; `undefined` where an optional one is not installed. */
function placeOf(lock: Lock, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.replace(/\/?[^/]*$/, '')) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
    if (place in lock.packages) return place
    if (folder === '') return undefined
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as Lock
  const { byLicense, refused } = licensesOf(lock, PACKAGES)
  const list = process.argv.includes('--list')
  for (const [license, names] of [...byLicense].sort(([, a], [, b]) => b.length - a.length)) {
    process.stdout.write(`${license}: ${list ? names.join(', ') : names.length}\n`)
  }
  for (const each of refused) {
    process.stderr.write(
      `${each}: not known to go with the Apache License 2.0. Take another package, or add it to scripts/licenses.ts\n`,
    )
  }
  const known = new Set([...byLicense.values()].flat())
  const problems = [...BUNDLED].flatMap(([name, file]) => {
    const path = new URL(`../packages/${name}/${file}`, import.meta.url)
    return problemsOfNotices(existsSync(path) ? readFileSync(path, 'utf8') : undefined, known)
  })
  for (const each of problems) process.stderr.write(`${each}\n`)
  process.exitCode = refused.length + problems.length > 0 ? 1 : 0
}
