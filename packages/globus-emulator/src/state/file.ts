import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { type State, seconds } from './state.ts'

const format = 1

/** A state file that cannot be read or written. */
export class StateFileError extends Error {
  constructor(problem: string, cause: unknown) {
    super(`${problem}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'StateFileError'
  }
}

/**
 * Brings what an earlier emulator kept in this file into `state`. Users and groups stay as the seed has them now;
 * clients, scopes, consents and tokens are as they were left. A file that is not there changes nothing.
 *
 * @throws StateFileError for a file that cannot be read, or is none of ours
 */
export async function loadState(path: string, state: State): Promise<void> {
  let kept: Record<string, unknown>
  try {
    kept = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    if (kept.format !== format) throw new Error(`not a state file of format ${format}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw new StateFileError(`The state file ${path} cannot be used; move it away to start afresh`, error)
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
 * Writes the state to a file, readable by its owner alone, in one step: a crash leaves the old one or the new one.
 * Calls that come while it writes share the next write.
 *
 * @returns the function that saves, which rejects with StateFileError
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
    throw new StateFileError(`The state cannot be kept in ${path}`, error)
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
