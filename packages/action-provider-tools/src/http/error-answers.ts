import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import {
  ActionProviderError,
  ActionProviderToolsError,
  BadActionRequest,
  MethodNotAllowed,
  NotFound,
} from '../errors.ts'
import { errorFacts, rememberSecret } from '../log.ts'
import { tooLarge } from './body.ts'
import { loadOf } from './load.ts'
import { operationOf } from './operation.ts'

/**
 * Answers any error with an error document (interface, "Codes"). Faults of the provider are logged, not
 * shown.
 */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  reply.send(errorText(error, request, reply))
}

/**
 * The same for the outermost error handler. After it only Fastify would catch an error, and would show its
 * message. So it runs no further hooks: one of them may have thrown this error.
 */
export function answerErrorFinally(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const text = errorText(error, request, reply)
  loadOf(request.server)?.leave(request)
  reply.header('content-length', Buffer.byteLength(text)).hijack()
  reply.raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders).end(text)
}

/** Logs an error and sets a reply's status and headers for it. Returns the body. */
function errorText(error: unknown, request: FastifyRequest, reply: FastifyReply): string {
  const answer = toAnswer(error)
  const action_id = operationOf(request)?.action_id
  const { status, code, cause } = answer
  // A custom Auth does not mask the tokens that it accepts, and the text of the error may contain one.
  if (status >= 500) rememberSecret(operationOf(request)?.auth?.token)
  if (status === 500) request.log.error({ err: errorFacts(error), action_id }, answer.message)
  else if (status > 500 && cause !== undefined)
    request.log.error({ err: errorFacts(cause), action_id }, answer.message)
  else if (status > 500) request.log.warn({ code, action_id }, answer.message)
  else request.log.info({ code, action_id }, 'Refused')
  reply.code(status).headers(answer.headers).type('application/json; charset=utf-8')
  return JSON.stringify(answer.toDocument())
}

/** The error for a request without a route. @param allowed the methods that its path takes */
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
