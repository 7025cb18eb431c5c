import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { compileGuard } from '../../documents/check.ts'
import { StoreUnusable } from '../../errors.ts'
import { lineError, type Moved, parse, readLine, writeLine } from './line.ts'
import { addTo, emptyTotals, sameTotals, type Totals } from './totals.ts'

/** The name and the version of the format, in the first line. */
const FORMAT = 'action-provider-store'
const VERSION = 1

/** The size of the pieces that are written, in characters. */
const PIECE_LENGTH = 65_536
/** The longest line that is read, in bytes. No store writes a longer one. */
const LONGEST_LINE = 268_435_456

export type Header = {
  format: typeof FORMAT
  version: number
  export_id: string
  exported_at: string
  store: string
}

/** The last line: counts and hash of all lines between it and the header. */
export type Footer = { totals: Totals; sha256: string }

const isHeader = compileGuard({
  type: 'object',
  properties: {
    format: { const: FORMAT },
    version: { type: 'integer' },
    export_id: { type: 'string' },
    exported_at: { type: 'string' },
    store: { type: 'string' },
  },
  required: ['format', 'version', 'export_id', 'exported_at', 'store'],
})

const isFooter = (value: unknown): value is { end: Footer } =>
  typeof (value as { end?: Footer } | null)?.end?.sha256 === 'string'

/** The counts and the hash of the lines so far. */
export type Digest = {
  readonly totals: Totals
  lines: () => number
  sha256: () => string
  add: (line: string, moved: Moved) => void
}

export function createDigest(): Digest {
  const totals = emptyTotals()
  const hash = createHash('sha256')
  let lines = 0
  return {
    totals,
    lines: () => lines,
    sha256: () => hash.copy().digest('hex'),
    add(line, moved) {
      hash.update(line).update('\n')
      lines += 1
      addTo(totals, moved)
    },
  }
}

/** The text of an export, in pieces. Calls `done` with the final counts and hash. */
export async function* exportText(
  store: string,
  moving: AsyncIterable<Moved>,
  done: (digest: Digest) => void,
): AsyncGenerator<string> {
  const digest = createDigest()
  const header: Header = {
    format: FORMAT,
    version: VERSION,
    export_id: randomUUID(),
    exported_at: new Date().toISOString(),
    store,
  }
  let piece = `${JSON.stringify(header)}\n`
  for await (const moved of moving) {
    const line = writeLine(moved)
    digest.add(line, moved)
    piece += `${line}\n`
    if (piece.length < PIECE_LENGTH) continue
    yield piece
    piece = ''
  }
  yield `${piece}${JSON.stringify({ end: { totals: digest.totals, sha256: digest.sha256() } satisfies Footer })}\n`
  done(digest)
}

/** An export that is being read. `digest` covers the lines that `moving` has given. */
export type ReadExport = {
  header: Header
  /** Gives the lines. Ends only if the counts and the hash in the last line are right. */
  moving: AsyncGenerator<Moved>
  digest: Digest
  close: () => void
}

/**
 * Opens an export, compressed or not, and reads its header.
 * @param input a file path or a stream
 * @throws StoreUnusable if it is not an export, or its version is too new; `moving` throws it if the export
 * was cut or changed
 */
export async function readExport(input: string | Readable): Promise<ReadExport> {
  const source = typeof input === 'string' ? createReadStream(input) : input
  const lines = linesOf(source)
  const digest = createDigest()
  const first = await lines.next().catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? new StoreUnusable(`There is no export ${String(input)}`, { cause: error })
      : error
  })
  const header = first.done ? undefined : parse(first.value, 1)
  if (!isHeader(header)) {
    throw new StoreUnusable('This is not an export of a store: its first line is not the header of one')
  }
  if (header.version > VERSION) {
    throw new StoreUnusable(
      `The export has version ${header.version}, this program knows ${VERSION}: upgrade, or export with this version`,
    )
  }

  async function* moving(): AsyncGenerator<Moved> {
    let number = 1
    for await (const line of lines) {
      number += 1
      if (line.startsWith('{"end":')) {
        const footer = parse(line, number)
        if (!isFooter(footer)) throw lineError(number)
        const { sha256, totals } = footer.end
        if (sha256 !== digest.sha256() || !sameTotals(totals, digest.totals)) {
          throw new StoreUnusable('The export was changed: its hash or its counts do not match its last line')
        }
        return
      }
      const moved = readLine(line, number)
      digest.add(line, moved)
      yield moved
    }
    throw new StoreUnusable('The export was cut: its last line is missing; export again')
  }

  return { header: header as Header, moving: moving(), digest, close: () => source.destroy() }
}

/** Splits a stream, which may be compressed with gzip, into lines. */
async function* linesOf(source: Readable): AsyncGenerator<string> {
  let rest: Buffer[] = []
  let length = 0
  for await (const part of await uncompressed(source)) {
    let chunk: Buffer = part
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10)) {
      rest.push(chunk.subarray(0, end))
      yield Buffer.concat(rest).toString('utf8')
      rest = []
      length = 0
      chunk = chunk.subarray(end + 1)
    }
    length += chunk.length
    if (length > LONGEST_LINE)
      throw new StoreUnusable('This is not an export of a store: one of its lines is too long')
    if (chunk.length > 0) rest.push(chunk)
  }
  if (length > 0) yield Buffer.concat(rest).toString('utf8')
}

async function uncompressed(source: Readable): Promise<AsyncIterable<Buffer>> {
  const parts = source[Symbol.asyncIterator]()
  const first = await parts.next()
  const head: Buffer = first.done ? Buffer.alloc(0) : first.value
  async function* all(): AsyncGenerator<Buffer> {
    yield head
    for (let next = await parts.next(); !next.done; next = await parts.next()) yield next.value
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) return all()
  const { Readable, pipeline } = await import('node:stream')
  const gunzip = createGunzip()
  pipeline(Readable.from(all()), gunzip, () => {})
  return gunzip
}
