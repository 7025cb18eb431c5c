import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyReply } from 'fastify'

/** Sends a text that is JSON already. */
export function sendJson(reply: FastifyReply, code: number, json: string): FastifyReply {
  return reply.code(code).header('content-type', 'application/json; charset=utf-8').send(json)
}

/** How many answers go out together: with more, those who wait have nothing to do meanwhile. Measured: docs/performance.md. */
const TOGETHER = 16

/** `within` runs something in the asynchronous context of its request, which hooks of an application may rely on. */
let ready: {
  reply: FastifyReply
  document: string
  within: ReturnType<typeof AsyncLocalStorage.snapshot>
}[] = []

/**
 * Answers with a document. One that is known at once goes out with others that are ready in this turn of the event loop, at its end
 * at the latest: the first of them wakes who waits for it, which takes longer than all else that an answer from memory costs; the
 * others find them awake.
 */
export function answer(reply: FastifyReply, document: string | Promise<string>): Promise<void> | void {
  if (typeof document !== 'string') return document.then((known) => void sendJson(reply, 200, known))
  const waiting = ready.push({ reply, document, within: AsyncLocalStorage.snapshot() })
  if (waiting === 1) setImmediate(sendReady)
  else if (waiting === TOGETHER) sendReady()
}

function sendReady(): void {
  const answers = ready
  ready = []
  for (const { reply, document, within } of answers) within(sendJson, reply, 200, document)
}
