import { AsyncResource } from 'node:async_hooks'
import type { FastifyReply } from 'fastify'

/** Sends a text that is JSON already. */
export function sendJson(reply: FastifyReply, code: number, json: string): FastifyReply {
  return reply.code(code).header('content-type', 'application/json; charset=utf-8').send(json)
}

/** An answer that is ready, in the asynchronous context of its request, which hooks of an application may rely on. */
class Answer extends AsyncResource {
  readonly #reply: FastifyReply
  readonly #document: string

  constructor(reply: FastifyReply, document: string) {
    super('Answer')
    this.#reply = reply
    this.#document = document
  }

  send(): void {
    this.runInAsyncScope(sendJson, undefined, this.#reply, 200, this.#document)
  }
}

let ready: Answer[] = []

/**
 * Answers with a document. One that is known at once goes out at the end of this turn of the event loop, with all others that are ready
 * then: the first of them wakes who waits for it, which takes longer than all else that an answer from memory costs; the others
 * find them awake.
 */
export function answer(reply: FastifyReply, document: string | Promise<string>): Promise<void> | void {
  if (typeof document !== 'string') return document.then((known) => void sendJson(reply, 200, known))
  if (ready.push(new Answer(reply, document)) === 1) setImmediate(sendReady)
}

function sendReady(): void {
  const answers = ready
  ready = []
  for (const answer of answers) answer.send()
}
