import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore } from '../../src/index.ts'
import { exportStore, type MovedStore, verifyExport } from '../../src/store/moving/move.ts'
import { done, newAction } from '../../src/store-contract/actions.ts'
import { startPostgres, type TestPostgres } from '../postgres.ts'
import { fill } from './fill.ts'

const MANY = 6_000

let folder: string
let file: string
let exported: MovedStore
let postgres: TestPostgres

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'killed-'))
  file = join(folder, 'actions.ndjson')
  postgres = await startPostgres()
  const url = `sqlite:${join(folder, 'source.db')}`
  const store = await openStore(url)
  await fill(store, 30)
  const inline = (): Promise<unknown> => {
    const action = newAction({ provider: 'one' })
    const status = { ...action.status, ...done }
    return store.create({ ...action, runInline: () => ({ status, release_at: 5e12 }) })
  }
  await Promise.all(Array.from({ length: MANY }, inline))
  await store.close()
  exported = await exportStore(url, file)
})
afterAll(async () => {
  await postgres?.close()
  await rm(folder, { recursive: true, force: true })
})

const module = JSON.stringify(new URL('../../src/store/moving/move.ts', import.meta.url).href)

/**
 * Imports in a process of its own, and kills it when so many thousand actions have gone by; `undefined` lets it end.
 * @returns whether it ended by itself
 */
async function importing(url: string, killAt: number | undefined): Promise<boolean> {
  const source = `import { writeSync } from 'node:fs'
    import { importStore } from ${module}
    writeSync(1, '0\\n')
    await importStore(${JSON.stringify(url)}, ${JSON.stringify(file)}, { onProgress: (actions) => writeSync(1, actions + '\\n') })`
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    if (killAt !== undefined && Number(line) >= killAt * 1_000) child.kill('SIGKILL')
  }
  const [code] = await ended
  return code === 0
}

test.each([
  ['SQLite', async () => `sqlite:${join(folder, 'target.db')}`],
  ['PostgreSQL', () => postgres.createDatabase('target')],
])(
  'an import into %s that is killed again and again ends the same',
  { timeout: 120_000 },
  async (_, create) => {
    const url = await create()
    const moments = [0, 1, 3, Math.floor(Math.random() * 6), Math.floor(Math.random() * 6), 5]
    for (const moment of moments) {
      if (await importing(url, moment)) continue
      // Half of it is nobody's to work on.
      if (moment > 1) await expect(openStore(url)).rejects.toThrow(/is not complete/)
    }
    expect(await importing(url, undefined)).toBe(true)
    expect(await verifyExport(file, url)).toEqual(exported)
    const store = await openStore(url)
    const { SUCCEEDED = 0 } = exported.totals.statuses.one ?? {}
    expect((await store.count('one')).actions.SUCCEEDED).toBe(SUCCEEDED)
    await store.close()
  },
)
