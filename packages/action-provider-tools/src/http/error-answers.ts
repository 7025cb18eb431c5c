import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import {
  ActionProviderError,
  ActionProviderToolsError,
  BadActionRequest,
  MethodNotAllowed,
  NotFound,
} from '../errors.ts'
import { tooLarge } from './body.ts'
import { operationOf } from './operation.ts'

/** Replies that were answered with an error already. */
const answered = new WeakSet<FastifyReply>()

/** Answers whatever went wrong as an error document (interface, "Codes"). What is our own fault is logged whole and shown to nobody. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = toAnswer(error)
  const action_id = operationOf(request)?.action_id
  const { status, code, cause } = answer
  if (status === 500) request.log.error({ err: error, action_id }, answer.message)
  else if (status > 500 && cause !== undefined) request.log.error({ err: cause, action_id }, answer.message)
  else if (status > 500) request.log.warn({ code, action_id }, answer.message)
  else request.log.info({ code, action_id }, 'Refused')
  const text = JSON.stringify(answer.toDocument())
  reply.code(status).headers(answer.headers).type('application/json; charset=utf-8')
  if (!answered.has(reply)) {
    answered.add(reply)
    reply.send(text)
    return
  }
  // Whatever failed since the first answer, such as an `onSend` hook of the application, would fail this one too.
  reply.header('content-length', Buffer.byteLength(text)).hijack()
  reply.raw.writeHead(status, reply.getHeaders() as OutgoingHttpHeaders).end(text)
}

/** The refusal of a request that no route takes. @param allowed the methods that its path does take */
export function noRoute(request: FastifyRequest, allowed: readonly string[]): ActionProviderToolsError {
  if (allowed.length === 0) {
    return new NotFound("There is nothing at this path: GET the provider's base URL to see what it offers")
  }
  const methods = allowed.join(', ')
  return new MethodNotAllowed(`This path does not take ${request.method}, but ${methods}`, {
    headers: { allow: methods },
  })
}

function toAnswer(error: unknown): ActionProviderToolsError {
  if (error instanceof ActionProviderToolsError) return error
  const { code, statusCode = 500 } = (error ?? {}) as Partial<FastifyError>
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return tooLarge()
  }
  if (code?.startsWith('FST_') && statusCode >= 400 && statusCode < 500) {
    return new BadActionRequest('The request is malformed: check its URL, headers and body', { cause: error })
  }
  return new ActionProviderError(undefined, { cause: error })
}
