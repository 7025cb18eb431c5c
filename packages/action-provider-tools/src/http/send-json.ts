import type { FastifyReply } from 'fastify'

/** Sends a text that is JSON already. */
export function sendJson(reply: FastifyReply, code: number, json: string): FastifyReply {
  return reply.code(code).header('content-type', 'application/json; charset=utf-8').send(json)
}

/**
 * Answers with a document. One that is known at once goes out at the end of this turn of the event loop, with all others that are ready
 * then: the first of them wakes who waits for it, which takes longer than all else that an answer from memory costs; the others
 * find them awake.
 */
export function answer(reply: FastifyReply, document: string | Promise<string>): Promise<void> | void {
  if (typeof document !== 'string') return document.then((known) => void sendJson(reply, 200, known))
  // One for each, for it keeps the asynchronous context of its request, which hooks of an application may rely on.
  setImmediate(sendJson, reply, 200, document)
}
