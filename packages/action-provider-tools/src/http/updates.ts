import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { isComplete } from '../documents/action-status.ts'
import { ActionProviderToolsError } from '../errors.ts'
import { type Following, LOG_PAGE } from '../worker/waits.ts'

/** The intervals of a stream of updates, in milliseconds. */
export type UpdatesTiming = {
  /** The longest silence of a stream. Proxies close silent connections. */
  beat: number
  /** How often the stream checks that its caller may still see the action. */
  recheck: number
}

export const UPDATES_TIMING: UpdatesTiming = { beat: 15_000, recheck: 60_000 }

/** The subject of a stream of updates. */
export type Updates = {
  following: Following
  /** `Last-Event-ID`, to continue a broken stream. */
  lastEventId: string | undefined
  /** The events that its caller wants. */
  tells: { status: boolean; log: boolean }
  timing: UpdatesTiming
  /** Throws or rejects if its caller may no longer see the action. */
  recheck: () => unknown
}

/** An empty comment, which keeps the connection open (HTML Standard, "Server-sent events"). */
const BEAT = ':\n\n'

/** What was sent already: a digest of the status, and the position of the last log entry. */
type Cursor = { status: string; position: number }

const CURSOR = /^([\w-]{16})?\.(-1|\d{1,15})$/

/**
 * The events of an action (interface, updates), until it is complete or gone, its caller may no longer see
 * it, or this instance stops. A slow reader gets fewer events, each with the status of that moment: nothing
 * is buffered. The id of an event says all that was sent so far, so that a stream can continue after it
 * without gaps and repetitions.
 */
export async function* eventsOf(
  { following, lastEventId, tells, timing, recheck }: Updates,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const told = readCursor(lastEventId)
  let logged = -1
  let checkedAt = performance.now()
  while (!signal.aborted) {
    if (performance.now() - checkedAt >= timing.recheck) {
      await recheck()
      checkedAt = performance.now()
    }
    const action = await following.latest()
    if (action === undefined || signal.aborted) return
    let silent = true
    // The log comes before the status, so that it is complete before the last status.
    for (let more = tells.log && logged !== following.logged; more; ) {
      logged = following.logged
      const entries = (await following.logAfter(told.position)) ?? []
      for (const { position, entry } of entries) {
        told.position = position
        yield event('log', told, JSON.stringify(entry))
        silent = false
      }
      more = entries.length === LOG_PAGE
    }
    const status = digestOf(action)
    if (tells.status && status !== told.status) {
      told.status = status
      yield event('status', told, action.document)
      silent = false
    }
    if (isComplete(action.status) || following.isStopping) return
    if (silent) yield BEAT
    await following.changed(timing.beat, signal)
  }
}

function readCursor(lastEventId = ''): Cursor {
  const [, status = '', position = '-1'] = CURSOR.exec(lastEventId) ?? []
  return { status, position: Number(position) }
}

function event(name: 'status' | 'log', { status, position }: Cursor, json: string): string {
  return `event: ${name}\nid: ${status}.${position}\ndata: ${json}\n\n`
}

/** All who follow an action get the same object. */
const digests = new WeakMap<object, string>()

function digestOf(action: { document: string }): string {
  const known = digests.get(action)
  if (known !== undefined) return known
  const digest = createHash('sha256').update(action.document).digest('base64url').slice(0, 16)
  digests.set(action, digest)
  return digest
}

/**
 * Sends events one at a time, as they are read, and cuts off a reader who has taken nothing for a beat.
 * @param first an event that was read already
 * @param hungUp aborts when the connection closes
 */
export function sendEvents(
  reply: FastifyReply,
  first: string,
  rest: AsyncGenerator<string>,
  { beat, hungUp }: { beat: number; hungUp: AbortSignal },
): FastifyReply {
  async function* all(): AsyncGenerator<string> {
    yield first
    try {
      yield* rest
    } catch (error) {
      // The caller reconnects and then gets this error.
      if (!(error instanceof ActionProviderToolsError) || error.status === 500) throw error
    }
  }
  if (!hungUp.aborted) cutOffWhenStuck(reply.raw, beat, hungUp)
  return (
    reply
      .header('content-type', 'text/event-stream')
      .header('cache-control', 'no-store')
      // nginx would buffer them.
      .header('x-accel-buffering', 'no')
      .send(Readable.from(all(), { objectMode: false, highWaterMark: 1 }))
  )
}

/** Closes a connection if its reader took nothing between two checks. */
function cutOffWhenStuck(raw: ServerResponse, beat: number, hungUp: AbortSignal): void {
  const taken = (): number => (raw.socket?.bytesWritten ?? 0) - (raw.socket?.writableLength ?? 0)
  let before = -1
  const looking = setInterval(() => {
    const now = taken()
    if (raw.writableLength > 0 && now === before) raw.destroy()
    before = now
  }, beat)
  hungUp.addEventListener('abort', () => clearInterval(looking))
}
