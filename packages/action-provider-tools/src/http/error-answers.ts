import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { rememberSecret } from '../auth/known-secrets.ts'
import {
  ActionProviderError,
  ActionProviderToolsError,
  BadActionRequest,
  MethodNotAllowed,
  NotFound,
  PayloadTooLarge,
} from '../errors.ts'
import { errorFacts } from '../telemetry/error-facts.ts'

/** Answers whatever went wrong as an error document (interface, "Codes"). What is our own fault is logged and shown to nobody. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = toAnswer(error)
  const action_id = request.operation?.action_id
  const { status, code, cause } = answer
  // Whatever Auth let the caller in: their token may be in the error's text.
  if (status >= 500) rememberSecret(request.operation?.auth?.token)
  if (status === 500) request.log.error({ err: errorFacts(error), action_id }, answer.message)
  else if (status > 500 && cause !== undefined)
    request.log.error({ err: errorFacts(cause), action_id }, answer.message)
  else if (status > 500) request.log.warn({ code, action_id }, answer.message)
  else request.log.info({ code, action_id }, 'Refused')
  reply
    .code(status)
    .headers(answer.headers)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(answer.toDocument()))
}

/** Answers a request that no route takes. @param allowed the methods that its path does take */
export function answerNoRoute(
  request: FastifyRequest,
  reply: FastifyReply,
  allowed: readonly string[],
): void {
  if (allowed.length === 0) {
    answerError(
      new NotFound("There is nothing at this path: GET the provider's base URL to see what it offers"),
      request,
      reply,
    )
    return
  }
  const methods = allowed.join(', ')
  answerError(
    new MethodNotAllowed(`This path does not take ${request.method}, but ${methods}`, {
      headers: { allow: methods },
    }),
    request,
    reply,
  )
}

function toAnswer(error: unknown): ActionProviderToolsError {
  if (error instanceof ActionProviderToolsError) return error
  const { code, statusCode = 500 } = (error ?? {}) as Partial<FastifyError>
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new PayloadTooLarge(
      'The body is larger than this provider takes: send less, or a reference to the data',
    )
  }
  if (code?.startsWith('FST_') && statusCode >= 400 && statusCode < 500) {
    return new BadActionRequest('The request is malformed: check its URL, headers and body', { cause: error })
  }
  return new ActionProviderError(undefined, { cause: error })
}
