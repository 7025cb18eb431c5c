/**
 * Moves the actions of a store to another, by way of a file.
 *
 * @module action-provider-tools/moving
 */
import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { StoreUnusable } from '../../errors.ts'
import { byUrl } from '../open-store.ts'
import type { OpeningOptions, Progress, Source, Target } from './dialect.ts'
import { createDigest, type Digest, exportText, type ReadExport, readExport } from './export-file.ts'
import { type Moved, writeLine } from './line.ts'
import { sameTotals, type Totals } from './totals.ts'

export { StoreUnusable } from '../../errors.ts'
export type { Totals } from './totals.ts'

/** What was moved or checked. */
export type MovedStore = { totals: Totals; sha256: string }

export type MovingOptions = OpeningOptions & {
  /** Told now and then how many actions have gone by. */
  onProgress?: (actions: number) => void
}

/** How often progress is told, in actions. */
const TELL_EVERY = 1_000

/** How much one transaction writes at most: lines, and characters of logs and documents. */
const BATCH = { lines: 500, size: 1_048_576 }

/**
 * Writes all that a store keeps to a file, compressed where its name ends in `.gz`. The file is there once it
 * is whole.
 *
 * @param url as for `openStore`. On SQLite no other process can use the database meanwhile
 * @param file a path, or a stream, which is not compressed
 * @throws StoreUnusable where the store cannot be opened, or instances work on it and `whileRunning` is not
 * set
 * @example await exportStore('sqlite:data/actions.db', 'actions.ndjson.gz')
 */
export async function exportStore(
  url: string,
  file: string | Writable,
  options: MovingOptions = {},
): Promise<MovedStore> {
  const source = await openSource(url, options)
  try {
    let digest: Digest | undefined
    const text = exportText(source.kind, told(source.moving(), options.onProgress), (done) => {
      digest = done
    })
    if (typeof file === 'string') await writeFile(text, file)
    else await pipeline(Readable.from(text), file, { end: false })
    return resultOf(digest as Digest)
  } finally {
    await source.close()
  }
}

/** Writes a file that is there once it is whole and on disk. Its owner alone may read it. */
async function writeFile(text: AsyncIterable<string>, path: string): Promise<void> {
  const part = `${path}.part`
  await rm(part, { force: true })
  const written = createWriteStream(part, { mode: 0o600, flags: 'wx' })
  if (path.endsWith('.gz')) await pipeline(Readable.from(text), createGzip({ level: 4 }), written)
  else await pipeline(Readable.from(text), written)
  await toDisk(part)
  await rename(part, path)
  await toDisk(dirname(path))
}

async function toDisk(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync().finally(() => handle.close())
}

/**
 * Reads an export into a store that has no actions. What was interrupted goes on where it ended when it is
 * called again with the same export; what is complete already is left alone. Until it is complete no instance
 * opens the store.
 *
 * @param url as for `openStore`; a SQLite file is made where it is missing
 * @param file a path, or a stream of what an export has
 * @returns what is in the store now; `already` where the same export was imported before
 * @throws StoreUnusable where the store has other actions, instances work on it, or the export is cut,
 * changed or another one than was begun with
 * @example await importStore('postgres://provider:secret@db.example.org/provider', 'actions.ndjson.gz')
 */
export async function importStore(
  url: string,
  file: string | Readable,
  options: MovingOptions = {},
): Promise<MovedStore & { already: boolean }> {
  const read = await readExport(file)
  const target = await openTarget(url, options)
  try {
    const before = await target.progress()
    const { export_id } = read.header
    if (before?.complete && before.export_id === export_id) return { ...(await passed(read)), already: true }
    if (before?.complete !== false && !(await target.isEmpty())) {
      throw new StoreUnusable('The store has actions already: import into an empty database')
    }
    if (before?.complete === false && before.export_id !== export_id) {
      throw new StoreUnusable(
        `An import of another export (${before.export_id}) into this store has not ended: end it with that file, or begin with an empty database`,
      )
    }
    const resumed = before?.complete === false ? before : undefined
    await target.begin(resumed ?? progressOf(read, false))
    await write(target, read, resumed, options)
    const { totals, sha256 } = resultOf(read.digest)
    const there = await target.totals()
    if (!sameTotals(there, totals)) {
      throw new StoreUnusable(
        `The store does not have what the export has (${JSON.stringify(there)}, not ${JSON.stringify(totals)}): begin with an empty database`,
      )
    }
    await target.finish(progressOf(read, true))
    return { totals, sha256, already: false }
  } finally {
    read.close()
    await target.close()
  }
}

/** Writes what the store does not have yet, a transaction after the other. */
async function write(
  target: Target,
  read: ReadExport,
  resumed: Progress | undefined,
  { onProgress }: MovingOptions,
): Promise<void> {
  let batch: Moved[] = []
  let size = 0
  async function flush(): Promise<void> {
    if (batch.length > 0) await target.write(batch, progressOf(read, false))
    batch = []
    size = 0
  }
  for await (const moved of told(read.moving, onProgress)) {
    const lines = read.digest.lines()
    if (resumed && lines <= resumed.lines) {
      if (lines === resumed.lines && read.digest.sha256() !== resumed.sha256) {
        throw new StoreUnusable('The export was changed since its import began: import the file as it was')
      }
      continue
    }
    batch.push(moved)
    size += sizeOf(moved)
    if (batch.length >= BATCH.lines || size >= BATCH.size) await flush()
  }
  await flush()
}

function sizeOf(moved: Moved): number {
  const log = moved.log.reduce((sum, entry) => sum + entry.length, 0)
  return 'action' in moved ? log + moved.action.document.length + (moved.request?.length ?? 0) : log
}

/**
 * Checks that an export is whole, and, given a store, that the store has the same actions with all that
 * belongs to them: no more, no fewer, none changed.
 *
 * @param url the store to compare with, as for `openStore`
 * @throws StoreUnusable where the export is cut or changed, or the store differs
 * @example await verifyExport('actions.ndjson.gz', 'postgres://provider:secret@db.example.org/provider')
 */
export async function verifyExport(
  file: string | Readable,
  url?: string,
  options: MovingOptions = {},
): Promise<MovedStore> {
  const exported = await passed(await readExport(file), options.onProgress)
  if (url === undefined) return exported
  const source = await openSource(url, options)
  try {
    const digest = createDigest()
    for await (const moved of told(source.moving(), options.onProgress)) digest.add(writeLine(moved), moved)
    const stored = resultOf(digest)
    if (!sameTotals(stored.totals, exported.totals)) {
      throw new StoreUnusable(
        `The store has ${JSON.stringify(stored.totals)}, the export ${JSON.stringify(exported.totals)}`,
      )
    }
    if (stored.sha256 !== exported.sha256) {
      throw new StoreUnusable('The store has as much as the export, but not the same: their hashes differ')
    }
    return stored
  } finally {
    await source.close()
  }
}

/** Reads an export to its end. */
async function passed(read: ReadExport, onProgress?: MovingOptions['onProgress']): Promise<MovedStore> {
  try {
    for await (const _ of told(read.moving, onProgress));
    return resultOf(read.digest)
  } finally {
    read.close()
  }
}

function resultOf(digest: Digest): MovedStore {
  return { totals: digest.totals, sha256: digest.sha256() }
}

function progressOf({ header, digest }: ReadExport, complete: boolean): Progress {
  return { export_id: header.export_id, lines: digest.lines(), sha256: digest.sha256(), complete }
}

async function* told(
  moving: AsyncIterable<Moved>,
  onProgress?: (actions: number) => void,
): AsyncGenerator<Moved> {
  let actions = 0
  for await (const moved of moving) {
    yield moved
    if ('action' in moved && ++actions % TELL_EVERY === 0) onProgress?.(actions)
  }
}

function openSource(url: string, options: OpeningOptions): Promise<Source> {
  return byUrl<Source>(url, {
    sqlite: async (path) => (await import('../sqlite/exporting.ts')).openSource(path),
    postgres: async () => (await import('../postgres/exporting.ts')).openSource(url, options),
  })
}

function openTarget(url: string, options: OpeningOptions): Promise<Target> {
  return byUrl<Target>(url, {
    sqlite: async (path) => (await import('../sqlite/importing.ts')).openTarget(path),
    postgres: async () => (await import('../postgres/importing.ts')).openTarget(url, options),
  })
}
