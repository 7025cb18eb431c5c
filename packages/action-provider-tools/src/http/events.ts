import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseJson } from '../documents/json.ts'
import { RequestValidationError } from '../errors.ts'
import type { Operations, SentEvent } from '../operations/operations.ts'
import type { Hooks } from '../provider/hooks.ts'
import { operationOf } from './operation.ts'
import type { Query } from './query.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** The event of a request: its body is the value itself. */
export function sentBy(request: FastifyRequest): SentEvent {
  const { event } = request.params as { event: string }
  return { event, value: parseJson(request.body as Buffer | undefined), key: idempotencyKey(request) }
}

/** @throws RequestValidationError for one that is too long */
function idempotencyKey({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined || (typeof key === 'string' && key.length > 0 && key.length <= 255)) return key
  throw new RequestValidationError('An Idempotency-Key has 1 to 255 characters')
}

/** The query of a signed URL; `undefined` if the URL is not signed. */
export function callbackOf({ query }: FastifyRequest): { use: number; signature: string } | undefined {
  const { signature, use } = query as Query
  return typeof signature === 'string' ? { signature, use: Number(use) } : undefined
}

/**
 * Sends an event to an action (interface, event): without a token for a signed URL, otherwise for a caller
 * who may manage the action.
 */
export function signedOr(
  deliver: Operations['signedEvent'],
  before: Hooks['before'],
  managed: Handler,
): Handler {
  return async (request, reply) => {
    const url = callbackOf(request)
    if (url === undefined || deliver === undefined) return managed(request, reply)
    const { action_id: actionId } = request.params as { action_id: string }
    const operation = operationOf(request)
    if (operation) {
      operation.action_id = actionId
      await before?.(operation)
    }
    const document = await deliver(actionId, sentBy(request), url)
    return reply.code(200).header('content-type', 'application/json; charset=utf-8').send(document)
  }
}
