/** The wait that a caller prefers, in milliseconds, and its text for `Preference-Applied`. */
export type WaitPreference = { milliseconds: number; applied: string }

/** The longest wait that a caller may ask for, in seconds. */
const LONGEST = 60

/** A preference with its parameters. Commas within quotes are part of it. */
const PREFERENCES = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/gs

/**
 * The wait that a `Prefer` header asks for (RFC 7240, section 4): `wait=N`, at most 60 seconds, or none for
 * `respond-async` alone. The first of repeated preferences counts; malformed ones are ignored.
 * @example waitPreference('respond-async, wait=10') // { milliseconds: 10_000, applied: 'wait=10' }
 */
export function waitPreference(header: string | undefined): WaitPreference | undefined {
  if (header === undefined) return undefined
  const given = new Map<string, string>()
  for (const preference of header.match(PREFERENCES) ?? []) {
    const [whole = ''] = preference.split(';', 1)
    const [name = '', value = ''] = whole.split('=', 2).map((part) => part.trim())
    const key = name.toLowerCase()
    if (!given.has(key)) given.set(key, value.replace(/^"(.*)"$/s, '$1'))
  }
  const wait = given.get('wait')
  if (wait !== undefined && /^\d{1,9}$/.test(wait)) {
    const seconds = Math.min(Number(wait), LONGEST)
    return { milliseconds: seconds * 1_000, applied: `wait=${seconds}` }
  }
  return given.has('respond-async') ? { milliseconds: 0, applied: 'respond-async' } : undefined
}
