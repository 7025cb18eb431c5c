import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Workflows of DBOS Transact in a process of their own, called there without HTTP. */
export type Dbos = {
  /** Runs workflows of so many steps until the time is over. */
  run: (order: { callers: number; seconds: number; steps: number }) => Promise<DbosRound>
  close: () => Promise<void>
}

/** How many workflows completed a second, and the processor time of each in microseconds. */
export type DbosRound = { rate: number; cpu: number }

/** It has a folder of its own, so that nobody else installs it. */
const FOLDER = fileURLToPath(new URL('./dbos/', import.meta.url))

/** Installs DBOS Transact where that has not been done, and starts it on a PostgreSQL database. */
export async function startDbos(url: string): Promise<Dbos> {
  if (!existsSync(`${FOLDER}node_modules`)) {
    await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: FOLDER })
  }
  const child = fork(`${FOLDER}main.js`, { env: { ...process.env, DATABASE_URL: url } })
  const ended = once(child, 'exit')
  const answer = async <T>(): Promise<T> => {
    const failed = ended.then(() => {
      throw new Error('The process of DBOS has ended')
    })
    const [message] = await Promise.race([once(child, 'message'), failed])
    return message as T
  }
  await answer()
  return {
    run(order) {
      child.send(order)
      return answer()
    },
    async close() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
