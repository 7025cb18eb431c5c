import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { type State, seconds } from './state.ts'

const format = 1

/**
 * Loads what an earlier emulator saved in this file into `state`. For users and groups the seed decides;
 * clients, scopes, consents and tokens come from the file. A file that does not exist changes nothing.
 *
 * @throws Error for a file that cannot be read, or is not a state file
 */
export async function loadState(path: string, state: State): Promise<void> {
  let kept: Record<string, unknown>
  try {
    kept = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    if (kept.format !== format) throw new Error(`not a state file of format ${format}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw unusable(`The state file ${path} cannot be used; move it away to start with an empty state`, error)
  }
  for (const [name, records] of Object.entries(state)) {
    if (!(records instanceof Map)) continue
    const seedDecides = name === 'identities' || name === 'groups'
    for (const [key, record] of (kept[name] ?? []) as [never, never][]) {
      if (!seedDecides || !records.has(key)) records.set(key, record)
    }
  }
  state.lastConsent = Number(kept.lastConsent)
  state.signingKey = kept.signingKey as State['signingKey']
}

/**
 * Makes the function that saves the state to a file, which only its owner can read (mode 0600). A crash
 * leaves the old file or the new one. Calls that come during a write share the next one.
 *
 * @returns a function that rejects when the file cannot be written
 */
export function keepState(path: string, state: State): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  return () => {
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined
        running = writeState(path, state)
        return running
      })
    return next
  }
}

async function writeState(path: string, state: State): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(serialize(state))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw unusable(`The state cannot be saved in ${path}`, error)
  }
}

function serialize(state: State): string {
  const now = seconds()
  const current = [...state.tokens].filter(([, { expires_at }]) => expires_at === null || expires_at > now)
  const records = Object.entries({ ...state, tokens: new Map(current) }).map(([name, value]) => [
    name,
    value instanceof Map ? [...value] : value,
  ])
  return JSON.stringify({ format, ...Object.fromEntries(records) })
}

function unusable(problem: string, cause: unknown): Error {
  return new Error(`${problem}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
}
