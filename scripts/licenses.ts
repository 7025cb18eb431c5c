/**
 * Lists the licenses of all that is installed with the published packages, from the lock file, and ends with 1 where one is unknown or does
 * not go with the Apache License 2.0: `npm run check:licenses`, with `-- --list` for the packages by license.
 */
import { readFileSync } from 'node:fs'
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

/** Packages that hold what they are developed with: their pages are bundles. */
const BUNDLED = new Set(['action-provider-console'])

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

/** What is installed with a package, or is part of it: what a peer may leave out is for its user to look at. */
function needed(found: Locked, bundled: boolean): string[] {
  const { dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta = {} } = found
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)
  const parts = bundled ? found.devDependencies : {}
  return [...peers, ...Object.keys({ ...dependencies, ...optionalDependencies, ...parts })]
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
  process.exitCode = refused.length > 0 ? 1 : 0
}
