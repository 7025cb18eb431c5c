import { compileGuard } from '../../documents/check.ts'
import { StoreUnusable } from '../../errors.ts'
import type { SealedEvent, SealedStep, StoredAction } from '../action-store.ts'

/** An action with all that a store keeps of it, as it moves from one store to another. */
export type MovedAction = {
  action: StoredAction
  /** A UUID: what (provider, effective identity, request_id) hash to. */
  request_key: string
  content_hash: Uint8Array
  /** JSON, where the store has kept it. */
  request?: string
  /** Sealed as it is: the key does not move. */
  secret?: Uint8Array
  /** Its holder does not move: in the other store it is anybody's. */
  job?: { due_at: number; lease: number }
  /** What limits how many of its jobs are held at once, where anything does. */
  job_key?: string
  steps: readonly SealedStep[]
  /** Events that have reached it, in the order in which they came. */
  delivered: readonly SealedEvent[]
  /** Entries as JSON, in the order in which they were written. */
  log: string[]
}

/** What follows an action whose log is long: more of its entries. */
export type MovedLog = { action_id: string; log: string[] }

export type Moved = MovedAction | MovedLog

/** How many entries, and how many bytes of them, stand in one line at most. */
const CHUNK = { entries: 1_000, bytes: 262_144 }

/** Gathers the entries of a log into what fits a line, in the same way whichever store they are from. */
export function gather(): { add: (entry: string) => string[] | undefined; rest: () => string[] } {
  let chunk: string[] = []
  let bytes = 0
  const take = (): string[] => {
    const full = chunk
    chunk = []
    bytes = 0
    return full
  }
  return {
    /** Adds an entry. Returns those before it, once they fill a line. */
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

/** A line of an export. Documents stand in it as they are stored: nothing is read and written anew. */
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

/** The same columns in the same order, whichever store they are from. */
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

/** Columns of an action besides its document, as a line has them. */
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
 * @throws StoreUnusable where it is none
 */
export function readLine(line: string, number: number): Moved {
  const read = parse(line, number)
  if (isLog(read)) return { action_id: read.action_id, log: read.log.map((entry) => JSON.stringify(entry)) }
  if (!isAction(read)) throw notALine(number)
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

/** @throws StoreUnusable where a line is no JSON */
export function parse(line: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw notALine(number, error)
  }
}

export function notALine(number: number, cause?: unknown): StoreUnusable {
  return new StoreUnusable(
    `Line ${number} of the export cannot be read: it was cut or changed, or is of a newer version; export again`,
    { cause },
  )
}
