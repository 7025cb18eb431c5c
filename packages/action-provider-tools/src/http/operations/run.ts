import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkDeadline, readActionRequest } from '../../documents/action-request.ts'
import { parseJson } from '../../documents/json.ts'
import { RequestValidationError } from '../../errors.ts'
import type { Served } from '../plugin.ts'
import { sendJson } from '../send-json.ts'
import { callerOf } from './caller.ts'

/** Starts an action, or finds the one that the same request started before (interface, run and "Exactly once"). */
export function runHandler({ provider, operations, checkInput, maximumDeadline, clock }: Served) {
  const { before } = provider.hooks
  const { showInputInErrors } = provider
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { auth, event } = callerOf(request)
    const json = parseJson(request.body as Buffer | undefined, { exact: 'request_id' })
    const asked = readActionRequest(json, { showInput: showInputInErrors })
    const checked = await checkInput(asked.body, auth.effectiveIdentity)
    if (!checked.ok) throw new RequestValidationError(checked.errors.join('; '))
    const accepted = { ...asked, body: checked.value as Record<string, unknown> }
    if (before) {
      event.request = accepted
      await before(event)
    }
    try {
      checkDeadline(accepted, { now: clock(), maximumDeadline })
    } catch (error) {
      // The deadline of a request that was accepted may be over when it is repeated: it is the same action still.
      const repeated = await operations.repeated?.(auth, accepted)
      if (repeated === undefined) throw error
      event.action_id = repeated.action_id
      return sendJson(reply, 200, repeated.document)
    }
    const { action_id, document, started } = await operations.run(auth, accepted)
    event.action_id = action_id
    return sendJson(reply, started ? 202 : 200, document)
  }
}
