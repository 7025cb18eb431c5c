import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Globus, startGlobus, startProgram, watchasay } from './program.ts'

let globus: Globus
let folder: string
beforeAll(async () => {
  globus = await startGlobus()
  folder = await mkdtemp(join(tmpdir(), 'disk-'))
})
afterAll(async () => {
  await globus.close()
  await rm(folder, { recursive: true, force: true })
})

/** Lets no file of a process grow beyond a size, as a disk that is full does; `unlimited` frees it again. */
function limitFiles(pid: number | undefined, size: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', `${pid}`, `--fsize=${size}:`])
}

async function largestFile(): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size)
  return Math.max(...(await Promise.all(sizes)))
}

test.skipIf(spawnSync('prlimit', ['--version']).error !== undefined)(
  'a process whose disk is full answers 503, loses nothing, and serves again once there is room',
  async () => {
    const path = join(folder, 'actions.db')
    const program = await startProgram(watchasay, { ...globus.environment, DATABASE_URL: `sqlite:${path}` })
    const authorization = `Bearer ${await globus.token('alice')}`
    const ask = (where: string, body?: object): Promise<Response> =>
      fetch(`${program.url}${where}`, {
        headers: { authorization },
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      })
    const accepted: string[] = []
    const run = async (request_id: string): Promise<number> => {
      const response = await ask('/run', { request_id, body: { input_string: 'x'.repeat(5_000) } })
      const document = (await response.json()) as { action_id: string; code: string }
      if (response.status === 503) {
        expect(document.code).toBe('ServiceUnavailable')
        expect(response.headers.get('retry-after')).toMatch(/^\d+$/)
      } else accepted.push(document.action_id)
      return response.status
    }
    const expectAllThere = async (): Promise<void> => {
      for (const id of accepted) expect((await ask(`/${id}/status`)).status).toBe(200)
    }

    for (let n = 0; n < 20; n++) expect(await run(`before ${n}`)).toBe(202)
    limitFiles(program.child.pid, (await largestFile()) + 50_000)
    let status = 202
    for (let n = 0; status !== 503; n++) status = await run(`during ${n}`)
    for (let n = 0; n < 5; n++) expect(await run(`full ${n}`)).toBe(503)
    await expectAllThere()

    limitFiles(program.child.pid, 'unlimited')
    for (let n = 0; n < 20; n++) expect(await run(`after ${n}`)).toBe(202)
    await expectAllThere()
    await program.signal('SIGKILL')

    const database = new DatabaseSync(path)
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    const { count } = database.prepare('SELECT count(*) AS count FROM actions').get() ?? {}
    expect(count).toBe(accepted.length)
    database.close()
  },
)
