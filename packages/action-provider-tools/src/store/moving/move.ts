/**
 * Moves the actions of a store to another one, through a file.
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

/** The counts and the hash of what was moved or compared. */
export type MovedStore = { totals: Totals; sha256: string }

export type MovingOptions = OpeningOptions & {
  /** Called now and then with the number of actions so far. */
  onProgress?: (actions: number) => void
}

/** Progress is reported after every so many actions. */
const PROGRESS_EVERY = 1_000

/** The most that one transaction writes: lines, and characters of logs and documents. */
const BATCH = { lines: 500, size: 1_048_576 }

/**
 * Exports everything that a store keeps to a file, compressed if its name ends in `.gz`. The file appears
 * when it is complete.
 *
 * @param url as for `openStore`. No other process can use a SQLite database during the export
 * @param file a path, or a stream, which is not compressed
 * @throws StoreUnusable if the store cannot be opened, or if instances are connected and `whileRunning` is
 * not set
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
    const text = exportText(source.kind, withProgress(source.moving(), options.onProgress), (done) => {
      digest = done
    })
    if (typeof file === 'string') await writeFile(text, file)
    else await pipeline(Readable.from(text), file, { end: false })
    return resultOf(digest as Digest)
  } finally {
    await source.close()
  }
}

/** Writes a file that appears when it is complete and on disk. Only its owner may read it. */
async function writeFile(text: AsyncIterable<string>, path: string): Promise<void> {
  const part = `${path}.part`
  await rm(part, { force: true })
  const written = createWriteStream(part, { mode: 0o600, flags: 'wx' })
  if (path.endsWith('.gz')) await pipeline(Readable.from(text), createGzip({ level: 4 }), written)
  else await pipeline(Readable.from(text), written)
  await flushToDisk(part)
  await rename(part, path)
  await flushToDisk(dirname(path))
}

async function flushToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync().finally(() => handle.close())
}

/**
 * Imports an export into a store that has no actions. Called again with the same export, it continues an
 * interrupted import and leaves a complete one as it is. No instance opens the store before the import is
 * complete.
 *
 * @param url as for `openStore`; a missing SQLite file is created
 * @param file a path, or a stream of an export
 * @returns the counts and the hash of the store; `already` is true if the same export was imported before
 * @throws StoreUnusable if the store has other actions, if instances are connected, or if the export is cut,
 * changed, or not the one that an unfinished import began with
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
    if (before?.complete && before.export_id === export_id)
      return { ...(await readToEnd(read)), already: true }
    if (before?.complete !== false && !(await target.isEmpty())) {
      throw new StoreUnusable('The store has actions already: import into an empty database')
    }
    if (before?.complete === false && before.export_id !== export_id) {
      throw new StoreUnusable(
        `An import of another export (${before.export_id}) into this store is not complete: complete it with that file, or begin with an empty database`,
      )
    }
    const resumed = before?.complete === false ? before : undefined
    await target.begin(resumed ?? progressOf(read, false))
    await write(target, read, resumed, options)
    const { totals, sha256 } = resultOf(read.digest)
    const stored = await target.totals()
    if (!sameTotals(stored, totals)) {
      throw new StoreUnusable(
        `The store differs from the export after the import (${JSON.stringify(stored)}, not ${JSON.stringify(totals)}): begin with an empty database`,
      )
    }
    await target.finish(progressOf(read, true))
    return { totals, sha256, already: false }
  } finally {
    read.close()
    await target.close()
  }
}

/** Writes the lines that the store does not have yet, in one transaction after another. */
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
  for await (const moved of withProgress(read.moving, onProgress)) {
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
 * Checks that an export is complete, and, if a store is given, that it has exactly the same actions with
 * everything that belongs to them.
 *
 * @param url the store to compare with, as for `openStore`
 * @throws StoreUnusable if the export is cut or changed, or the store differs
 * @example await verifyExport('actions.ndjson.gz', 'postgres://provider:secret@db.example.org/provider')
 */
export async function verifyExport(
  file: string | Readable,
  url?: string,
  options: MovingOptions = {},
): Promise<MovedStore> {
  const exported = await readToEnd(await readExport(file), options.onProgress)
  if (url === undefined) return exported
  const source = await openSource(url, options)
  try {
    const digest = createDigest()
    for await (const moved of withProgress(source.moving(), options.onProgress))
      digest.add(writeLine(moved), moved)
    const stored = resultOf(digest)
    if (!sameTotals(stored.totals, exported.totals)) {
      throw new StoreUnusable(
        `The store has ${JSON.stringify(stored.totals)}, the export ${JSON.stringify(exported.totals)}`,
      )
    }
    if (stored.sha256 !== exported.sha256) {
      throw new StoreUnusable(
        'The store and the export have the same counts, but different content: their hashes differ',
      )
    }
    return stored
  } finally {
    await source.close()
  }
}

/** Reads an export to its end. */
async function readToEnd(read: ReadExport, onProgress?: MovingOptions['onProgress']): Promise<MovedStore> {
  try {
    for await (const _ of withProgress(read.moving, onProgress));
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

async function* withProgress(
  moving: AsyncIterable<Moved>,
  onProgress?: (actions: number) => void,
): AsyncGenerator<Moved> {
  let actions = 0
  for await (const moved of moving) {
    yield moved
    if ('action' in moved && ++actions % PROGRESS_EVERY === 0) onProgress?.(actions)
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
