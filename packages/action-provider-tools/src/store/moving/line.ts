import { compileGuard } from '../../documents/check.ts'
import { StoreUnusable } from '../../errors.ts'
import type { SealedEvent, SealedStep, StoredAction } from '../action-store.ts'

/** An action with everything that a store keeps of it. */
export type MovedAction = {
  action: StoredAction
  /** A UUID: the hash of (provider, effective identity, request_id). */
  request_key: string
  content_hash: Uint8Array
  /** JSON text, if the store has kept it. */
  request?: string
  /** The sealed state. The keys are not exported. */
  secret?: Uint8Array
  /** The job without its holder: in the other store any instance can take it. */
  job?: { due_at: number; lease: number }
  /** The key by which limits count its job. */
  job_key?: string
  steps: readonly SealedStep[]
  /** Delivered events, in the order of delivery. */
  delivered: readonly SealedEvent[]
  /** Log entries as JSON texts, in the order of writing. */
  log: string[]
}

/** Further log entries of the action before. */
export type MovedLog = { action_id: string; log: string[] }

export type Moved = MovedAction | MovedLog

/** The most log entries of a line, and their bytes. */
const CHUNK = { entries: 1_000, bytes: 262_144 }

/** Divides log entries into lines. Both kinds of store use it, so that they export the same lines. */
export function createChunks(): { add: (entry: string) => string[] | undefined; rest: () => string[] } {
  let chunk: string[] = []
  let bytes = 0
  const take = (): string[] => {
    const full = chunk
    chunk = []
    bytes = 0
    return full
  }
  return {
    /** Adds an entry. Returns the entries before it if they fill a line. */
    add(entry) {
      const isFull =
        chunk.length === CHUNK.entries || (chunk.length > 0 && bytes + entry.length > CHUNK.bytes)
      const full = isFull ? take() : undefined
      chunk.push(entry)
      bytes += entry.length
      return full
    },
    rest: take,
  }
}

/** Writes a line of an export. Documents are copied as stored, without parsing them. */
export function writeLine(moved: Moved): string {
  if (!('action' in moved)) {
    return `{"action_id":${JSON.stringify(moved.action_id)},"log":[${moved.log.join(',')}]}`
  }
  const { action, request_key, content_hash, secret, job, job_key, request, steps, delivered, log } = moved
  const { document, ...columns } = action
  const head = {
    ...sorted(columns),
    request_key,
    content_hash: Buffer.from(content_hash).toString('hex'),
    secret: secret && base64(secret),
    job,
    job_key,
    ...(steps.length > 0 && { steps: steps.map(({ name, sealed }) => ({ name, sealed: base64(sealed) })) }),
    ...(delivered.length > 0 && {
      delivered: delivered.map(({ event, delivery, sealed }) => ({
        event,
        delivery: base64(delivery),
        sealed: base64(sealed),
      })),
    }),
  }
  const texts = `${request === undefined ? '' : `,"request":${request}`},"document":${document},"log":[${log.join(',')}]}`
  return JSON.stringify(head).slice(0, -1) + texts
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

/** Sorts columns by name, so that both kinds of store export the same line. */
function sorted(columns: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(columns).sort(([a], [b]) => (a < b ? -1 : 1)))
}

const count = { type: 'integer', minimum: 0 } as const
const time = { type: 'number' } as const
const text = { type: 'string' } as const
const texts = { type: 'array', items: text } as const
const bytes = { type: 'string', pattern: '^[A-Za-z0-9+/]+=*$' } as const
const step = {
  type: 'object',
  properties: { name: text, sealed: bytes },
  required: ['name', 'sealed'],
  additionalProperties: false,
} as const
const event = {
  type: 'object',
  properties: { event: text, delivery: bytes, sealed: bytes },
  required: ['event', 'delivery', 'sealed'],
  additionalProperties: false,
} as const
const uuid = { type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' } as const
const entries = { type: 'array', items: { type: 'object', required: ['time'] } } as const

/** The JSON Schemas of an action's columns, without its document. */
const columns = {
  action_id: uuid,
  provider: text,
  creator_id: text,
  monitor_by: texts,
  manage_by: texts,
  status: { enum: ['ACTIVE', 'INACTIVE', 'SUCCEEDED', 'FAILED'] },
  version: count,
  attempt: count,
  failures: count,
  lease: count,
  report: count,
} as const

const optionalColumns = {
  runs_on: text,
  cancel_requested_at: time,
  cancel_requested_by: text,
  resumed_by: text,
  deadline_at: time,
  release_at: time,
  events: count,
  work_version: text,
} as const

const isAction = compileGuard({
  type: 'object',
  properties: {
    ...columns,
    ...optionalColumns,
    request_key: uuid,
    content_hash: { type: 'string', pattern: '^([0-9a-f]{2})+$' },
    secret: bytes,
    steps: { type: 'array', items: step },
    delivered: { type: 'array', items: event },
    job: { type: 'object', properties: { due_at: time, lease: count }, required: ['due_at', 'lease'] },
    request: { type: 'object' },
    job_key: text,
    document: { type: 'object' },
    log: entries,
  },
  required: [...Object.keys(columns), 'request_key', 'content_hash', 'document', 'log'],
  additionalProperties: false,
})

const isLog = compileGuard({
  type: 'object',
  properties: { action_id: uuid, log: entries },
  required: ['action_id', 'log'],
  additionalProperties: false,
})

type Base64<T> = { [Name in keyof T]: string }

type ReadAction = Omit<StoredAction, 'document' | 'events'> & {
  events?: number
  request_key: string
  content_hash: string
  secret?: string
  job?: { due_at: number; lease: number }
  job_key?: string
  steps?: Base64<SealedStep>[]
  delivered?: Base64<SealedEvent>[]
  request?: object
  document: object
  log: object[]
}

/**
 * Reads a line of an export.
 * @throws StoreUnusable if it is not valid
 */
export function readLine(line: string, number: number): Moved {
  const read = parse(line, number)
  if (isLog(read)) return { action_id: read.action_id, log: read.log.map((entry) => JSON.stringify(entry)) }
  if (!isAction(read)) throw lineError(number)
  const { request_key, content_hash, secret, job, job_key, request, document, log, ...rest } =
    read as ReadAction
  const { steps = [], delivered = [], ...action } = rest
  return {
    action: { events: 0, ...action, document: JSON.stringify(document) },
    request_key,
    content_hash: Buffer.from(content_hash, 'hex'),
    ...(secret !== undefined && { secret: Buffer.from(secret, 'base64') }),
    ...(job !== undefined && { job }),
    ...(job_key !== undefined && { job_key }),
    ...(request !== undefined && { request: JSON.stringify(request) }),
    steps: steps.map(({ name, sealed }) => ({ name, sealed: Buffer.from(sealed, 'base64') })),
    delivered: delivered.map(({ event, delivery, sealed }) => ({
      event,
      delivery: Buffer.from(delivery, 'base64'),
      sealed: Buffer.from(sealed, 'base64'),
    })),
    log: log.map((entry) => JSON.stringify(entry)),
  }
}

/** @throws StoreUnusable if a line is not JSON */
export function parse(line: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw lineError(number, error)
  }
}

export function lineError(number: number, cause?: unknown): StoreUnusable {
  return new StoreUnusable(
    `Line ${number} of the export cannot be read: it was cut or changed, or is of a newer version; export again`,
    { cause },
  )
}
