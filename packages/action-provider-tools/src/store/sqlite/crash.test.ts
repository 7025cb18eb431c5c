import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore } from './store.ts'

let folder: string
let children: ChildProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sqlite-crash-'))
  children = []
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a program that has `store`, `newAction` and `tell`, which writes a line to us. */
function run(path: string, program: string): { child: ChildProcess; lines: AsyncIterable<string> } {
  const module = (relative: string): string => JSON.stringify(new URL(relative, import.meta.url).href)
  const source = `
    import { writeSync } from 'node:fs'
    import { openSqliteStore } from ${module('./store.ts')}
    import { newAction } from ${module('../../store-contract/actions.ts')}
    const store = openSqliteStore(${JSON.stringify(path)})
    const tell = (value) => writeSync(1, JSON.stringify(value) + '\\n')
    ${program}`
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  if (child.stdout === null) throw new Error('There is no output to read')
  return { child, lines: createInterface({ input: child.stdout }) }
}

/**
 * Sixteen at once create actions with a content of their own and end every other one, and tell what was
 * acknowledged.
 */
const WRITER = `
  await Promise.all(Array.from({ length: 16 }, async () => {
    for (let turn = 0; ; turn++) {
      const action = newAction({ provider: 'p', job: true })
      action.request.body = { text: 'x'.repeat(Math.random() * 3000) }
      await store.create(action)
      tell({ id: action.action_id, request: action.request })
      if (turn % 2) continue
      await store.transition('p', action.action_id, () => ({ status: { ...action.status, status: 'SUCCEEDED' } }))
      tell({ ended: action.action_id })
    }
  }))`

test('keeps all that was acknowledged when it is killed, again and again', async () => {
  const path = join(folder, 'x.db')
  const requests = new Map<string, unknown>()
  const ended = new Set<string>()
  for (const lifetime of [1, 40, 150, 300, 20]) {
    const { child, lines } = run(path, WRITER)
    const gone = once(child, 'exit')
    let heard = 0
    for await (const line of lines) {
      const { id, request, ended: end } = JSON.parse(line)
      if (id) requests.set(id, request)
      else ended.add(end)
      if (++heard === lifetime) child.kill('SIGKILL')
    }
    await gone

    const store = openSqliteStore(path)
    for (const [id, request] of requests) expect((await store.getWork('p', id))?.request).toEqual(request)
    for (const id of ended) expect(await store.get('p', id)).toMatchObject({ status: 'SUCCEEDED' })
    const { actions, waiting } = await store.count('p')
    expect(actions.ACTIVE + actions.SUCCEEDED).toBeGreaterThanOrEqual(requests.size)
    expect(waiting).toBe(actions.ACTIVE)
    expect(await store.takeJobs('p', 'worker', 100_000)).toHaveLength(actions.ACTIVE)
    await store.close()
  }
  expect(requests.size).toBeGreaterThan(200)
})

test('is locked for others until its process has ended, however it ended', async () => {
  const path = join(folder, 'x.db')
  // A database that no code can reach any more is closed by the garbage collector.
  const { child, lines } = run(path, `tell('open'); setInterval(() => store.now(), 1000)`)
  const gone = once(child, 'exit')
  await lines[Symbol.asyncIterator]().next()
  expect(() => openSqliteStore(path)).toThrow(
    /^The database .*x.db is in use by another process: stop that process/,
  )
  expect(() => openSqliteStore(path, { exclusive: false })).toThrow(/in use by another process/)
  child.kill('SIGKILL')
  await gone
  const store = openSqliteStore(path)
  await store.ping()
  await store.close()
})
