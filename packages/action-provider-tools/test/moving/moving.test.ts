import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ActionStore, openStore } from '../../src/index.ts'
import { STATUSES } from '../../src/store/codes.ts'
import { createDigest } from '../../src/store/moving/export-file.ts'
import { writeLine } from '../../src/store/moving/line.ts'
import { exportStore, importStore, verifyExport } from '../../src/store/moving/move.ts'
import { openSource } from '../../src/store/postgres/exporting.ts'
import { ALICE, BOB, newAction } from '../../src/store-contract/actions.ts'
import { startPostgres, type TestPostgres } from '../postgres.ts'
import { fill, PROVIDERS } from './fill.ts'

let folder: string
let postgres: TestPostgres
let made = 0

beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moving-'))
  return () => rm(folder, { recursive: true, force: true })
})

const databases = {
  sqlite: async () => `sqlite:${join(folder, `${++made}.db`)}`,
  postgres: async () => postgres.createDatabase(`moving_${++made}`),
}
const kinds = Object.keys(databases) as (keyof typeof databases)[]
const ways = kinds.flatMap((from) => kinds.map((to) => ({ from, to })))

async function filled(url: string, many: number): Promise<Awaited<ReturnType<typeof fill>>> {
  const store = await openStore(url)
  try {
    return await fill(store, many)
  } finally {
    await store.close()
  }
}

/** What the work of an action remembers. */
async function remembered(store: ActionStore, provider: string, action_id: string): Promise<unknown> {
  const { steps = [], events = [] } = (await store.getWork(provider, action_id)) ?? {}
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  return {
    steps: steps.map(({ name, sealed }) => [name, text(sealed)]),
    events: events.map(({ event, delivery, sealed }) => [event, text(delivery), text(sealed)]),
  }
}

/** All that can be asked of a store. */
async function contents(store: ActionStore): Promise<unknown> {
  const principals = { creator_id: [ALICE, BOB] }
  const providers = PROVIDERS.map(async (provider) => {
    const list = await store.list(provider, { principals, statuses: STATUSES, limit: 1_000 })
    const actions = list.map(async ({ action_id }) => ({
      action: await store.get(provider, action_id),
      secret: Buffer.from((await store.getSecret(provider, action_id)) ?? []).toString('hex'),
      remembered: await remembered(store, provider, action_id),
      log: (await store.logAfter(provider, action_id, -1, 5_000))?.map(({ entry }) => entry),
      page: (await store.readLog(provider, action_id, { limit: 5_000, newestFirst: true }))?.entries,
    }))
    return {
      count: (await store.count(provider)).actions,
      actions: await Promise.all(actions),
      overdue: await store.overdue(provider, 5e12, 1_000),
      cancels: await store.cancelsSince(provider, 5e12, 1_000),
    }
  })
  return { namespaces: await store.namespaces(), providers: await Promise.all(providers) }
}

describe.each(ways)('from $from to $to', ({ from, to }) => {
  test('everything arrives, and nobody can tell the stores apart', async () => {
    const [source, target] = [await databases[from](), await databases[to]()]
    const created = await filled(source, 36)
    const before = await openStore(source)
    const known = await contents(before)
    await before.close()

    const file = join(folder, 'actions.ndjson.gz')
    const exported = await exportStore(source, file)
    expect(exported.totals.actions).toBe(36)
    expect(await importStore(target, file)).toEqual({ ...exported, already: false })
    expect(await verifyExport(file, target)).toEqual(exported)

    const store = await openStore(target)
    expect(await contents(store)).toEqual(known)
    for (const action of created) {
      const again = { ...action, action_id: newAction().action_id }
      expect(await store.create(again)).toMatchObject({
        outcome: 'repeated',
        action: { action_id: action.action_id },
      })
      expect((await store.create({ ...again, content_hash: Buffer.alloc(32) })).outcome).toBe('conflict')
    }
    const jobs = await Promise.all(PROVIDERS.map((provider) => store.takeJobs(provider, 'other', 1_000)))
    expect(jobs.flat()).toHaveLength(exported.totals.jobs)
    for (const { action_id, lease } of jobs.flat()) {
      const provider = created.find((each) => each.action_id === action_id)?.provider ?? ''
      const request = created.find((each) => each.action_id === action_id)?.request
      expect((await store.getWork(provider, action_id))?.request).toEqual(request)
      const ended = await store.transition(provider, action_id, () => ({ log: [] }), {
        instance: 'other',
        lease,
      })
      expect(ended).toBeDefined()
    }
    await store.close()
  })

  test('what is exported again hashes to the same', async () => {
    const [source, target] = [await databases[from](), await databases[to]()]
    await filled(source, 12)
    const there = await exportStore(source, join(folder, 'there'))
    await importStore(target, join(folder, 'there'))
    expect(await exportStore(target, join(folder, 'back'))).toEqual(there)
  })

  test('new entries of a log stand after those that moved', async () => {
    const [source, target] = [await databases[from](), await databases[to]()]
    const [, action] = await filled(source, 2)
    const file = join(folder, 'x')
    await exportStore(source, file)
    await importStore(target, file)
    const store = await openStore(target)
    const { provider = '', action_id = '' } = action ?? {}
    const length = (await store.logAfter(provider, action_id, -1, 100))?.length ?? 0
    const entry = { time: '2029-01-01T00:00:00.000Z', code: 'Later', description: 'Written later' }
    await store.transition(provider, action_id, () => ({ log: [entry] }))
    const after = await store.logAfter(provider, action_id, -1, 100)
    expect(after).toHaveLength(length + 1)
    expect(after?.at(-1)?.entry).toEqual(entry)
    await store.close()
  })
})

describe.each(kinds)('into %s', (kind) => {
  test('an import that was complete is left alone, and another export is refused', async () => {
    const [source, target] = [await databases[kind](), await databases[kind]()]
    await filled(source, 6)
    const [file, other] = [join(folder, 'one'), join(folder, 'two')]
    const exported = await exportStore(source, file)
    await exportStore(source, other)
    await importStore(target, file)
    const store = await openStore(target)
    await store.transition('one', (await store.list('one', all))[0]?.action_id ?? '', () => ({
      release: true,
    }))
    await store.close()
    expect(await importStore(target, file)).toEqual({ ...exported, already: true })
    await expect(importStore(target, other)).rejects.toThrow(/has actions already/)
    await expect(verifyExport(file, target)).rejects.toThrow(/The store has \{"actions":5,/)
  })

  test('a store with actions is refused, and stays as it is', async () => {
    const [source, target] = [await databases[kind](), await databases[kind]()]
    await filled(source, 3)
    await filled(target, 3)
    const file = join(folder, 'x')
    await exportStore(source, file)
    await expect(importStore(target, file)).rejects.toThrow(/has actions already/)
    const store = await openStore(target)
    expect(await store.namespaces()).toEqual([...PROVIDERS])
    await store.close()
  })

  test('an export that was cut or changed is refused, and no instance opens what it began', async () => {
    const [source, target] = [await databases[kind](), await databases[kind]()]
    await filled(source, 20)
    const file = join(folder, 'x')
    await exportStore(source, file)
    const whole = await readFile(file, 'utf8')
    await writeFile(file, whole.split('\n').slice(0, -2).join('\n'))
    await expect(importStore(target, file)).rejects.toThrow(/was cut/)
    await expect(openStore(target)).rejects.toThrow(/is not complete/)
    await expect(exportStore(target, join(folder, 'y'))).rejects.toThrow(/is not complete/)
    await writeFile(file, whole.replace('"attempt":1', '"attempt":2'))
    await expect(importStore(target, file)).rejects.toThrow(/was changed/)
    await writeFile(file, whole)
    await importStore(target, file)
    await (await openStore(target)).close()
  })
})

const all = { principals: { creator_id: [ALICE, BOB] }, statuses: STATUSES, limit: 10 }

describe('while instances work', () => {
  test('a SQLite database that is served is not exported', async () => {
    const url = await databases.sqlite()
    const store = await openStore(url)
    await expect(exportStore(url, join(folder, 'x'))).rejects.toThrow(/in use by another process/)
    await store.close()
  })

  test('PostgreSQL is exported when told to: what there is when it begins, and nothing after', async () => {
    const url = await databases.postgres()
    const store = await openStore(url)
    await fill(store, 40)
    await expect(exportStore(url, join(folder, 'x'))).rejects.toThrow(
      /stop them first, or export .*--while-running/,
    )
    const source = await openSource(url, { whileRunning: true })
    const digest = createDigest()
    for await (const moved of source.moving()) {
      if (digest.lines() === 0) await fill(store, 40)
      digest.add(writeLine(moved), moved)
    }
    await source.close()
    expect(digest.totals.actions).toBe(40)
    await store.close()
  })

  test('nothing is imported into PostgreSQL', async () => {
    const [source, target] = [await databases.sqlite(), await databases.postgres()]
    await filled(source, 3)
    await exportStore(source, join(folder, 'x'))
    const store = await openStore(target)
    await expect(importStore(target, join(folder, 'x'))).rejects.toThrow(/Instances are connected/)
    await store.close()
    await importStore(target, join(folder, 'x'))
  })
})

describe('an export', () => {
  test('is a file of its owner, compressed where its name says so, and there once it is whole', async () => {
    const url = await databases.sqlite()
    await filled(url, 5)
    await exportStore(url, join(folder, 'x.ndjson.gz'))
    const { mode } = await stat(join(folder, 'x.ndjson.gz'))
    expect(mode & 0o777).toBe(0o600)
    const lines = gunzipSync(await readFile(join(folder, 'x.ndjson.gz')))
      .toString()
      .trimEnd()
      .split('\n')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      format: 'action-provider-store',
      version: 1,
      store: 'sqlite',
    })
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ end: { totals: { actions: 5 } } })
    await expect(stat(join(folder, 'x.ndjson.gz.part'))).rejects.toThrow()
  })

  test.each([
    ['nothing at all', ''],
    ['no JSON', 'hello\n'],
    ['something else', '{"format":"other"}\n'],
    [
      'a newer version',
      '{"format":"action-provider-store","version":9,"export_id":"x","exported_at":"x","store":"x"}\n',
    ],
    [
      'a line that is none',
      '{"format":"action-provider-store","version":1,"export_id":"x","exported_at":"x","store":"x"}\n{"a":1}\n',
    ],
  ])('that is %s is refused', async (_, text) => {
    await expect(verifyExport(Readable.from([Buffer.from(text)]))).rejects.toMatchObject({
      name: 'StoreUnusable',
    })
  })

  test('of a database that is not there is refused', async () => {
    await expect(exportStore(await databases.sqlite(), join(folder, 'x'))).rejects.toThrow(
      /There is no database/,
    )
    await expect(verifyExport(join(folder, 'none'))).rejects.toThrow(/There is no export/)
  })
})
