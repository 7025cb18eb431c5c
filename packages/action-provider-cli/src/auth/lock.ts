import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { unavailableError } from '../errors.ts'

/** Longer than any work under the lock takes, in milliseconds: a refresh times out earlier. */
const STALE_AFTER = 120_000
const WAIT_LIMIT = 150_000
const POLL_INTERVAL = 25

/**
 * Runs work that only one process may run at a time. The lock is a file that is created together with its
 * owner's process id. A lock whose process has ended, or that is too old, is removed.
 *
 * @throws CommandError if another process keeps the lock
 */
export async function locked<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const owner = `${process.pid} ${randomUUID()}`
  await acquire(path, owner)
  try {
    return await work()
  } finally {
    if ((await contentOf(path)) === owner) await rm(path, { force: true })
  }
}

async function acquire(path: string, owner: string): Promise<void> {
  const own = `${path}.${process.pid}.${randomUUID()}`
  await writeFile(own, owner, { mode: 0o600 })
  try {
    const until = Date.now() + WAIT_LIMIT
    while (!(await linked(own, path))) {
      if (Date.now() > until) {
        throw unavailableError(`Another command keeps ${path}: end it, or remove that file if there is none`)
      }
      await removeStale(path)
      await sleep(POLL_INTERVAL)
    }
  } finally {
    await rm(own, { force: true })
  }
}

/** A link appears together with its content, unlike a file that is opened and then written. */
async function linked(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function removeStale(path: string): Promise<void> {
  const content = await contentOf(path)
  if (content === undefined || !(await isStale(path, content))) return
  const aside = `${path}.${randomUUID()}`
  await rename(path, aside).catch(() => {})
  // If another process was faster, the moved file is its new lock: it is moved back.
  if ((await contentOf(aside)) !== content) await link(aside, path).catch(() => {})
  await rm(aside, { force: true })
}

async function isStale(path: string, content: string): Promise<boolean> {
  const pid = Number.parseInt(content, 10)
  if (!isAlive(pid)) return true
  const times = await stat(path).catch(() => undefined)
  return times !== undefined && Date.now() - times.mtimeMs > STALE_AFTER
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}
