import type { FastifyReply, FastifyRequest } from 'fastify'
import { authorizeAccess, authorizeManagement } from '../../action/access.ts'
import type { AuthState } from '../../auth/auth.ts'
import { ActionNotFound } from '../../errors.ts'
import type { FoundAction } from '../../operations/operations.ts'
import type { Served } from '../plugin.ts'
import { answer } from '../send-json.ts'
import { whenKnown } from '../when-known.ts'
import { callerOf } from './caller.ts'

type OnAction = (call: {
  auth: AuthState
  actionId: string
  found: FoundAction
  request: FastifyRequest
}) => string | Promise<string>

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<void> | void

/**
 * An operation on an existing action: found, checked that the caller may, then done. The five of them differ only in who may
 * and in what is done.
 */
export function onAction({ provider, operations }: Served, who: 'see' | 'manage', act: OnAction): Handler {
  const { before } = provider.hooks
  const authorize = who === 'see' ? authorizeAccess : authorizeManagement
  return (request, reply) => {
    const { auth, event } = callerOf(request)
    const { action_id: actionId } = request.params as { action_id: string }
    event.action_id = actionId
    const document = whenKnown(operations.find(auth, actionId), (found) => {
      if (found === undefined) throw new ActionNotFound()
      return whenKnown(authorize(auth, found), () =>
        whenKnown(before?.(event), () => act({ auth, actionId, found, request })),
      )
    })
    return answer(reply, document)
  }
}

/** How an action is (interface, status). */
export const statusHandler = (served: Served): Handler =>
  onAction(served, 'see', ({ found }) => served.operations.status(found))

/** Ends an action that is not complete; leaves a complete one as it is (interface, cancel). */
export const cancelHandler = (served: Served): Handler =>
  onAction(served, 'manage', ({ auth, actionId }) => served.operations.cancel(auth, actionId))

/** Lets an INACTIVE action go on (interface, resume). */
export const resumeHandler = (served: Served, resume: NonNullable<Served['operations']['resume']>): Handler =>
  onAction(served, 'manage', ({ auth, actionId }) => resume(auth, actionId))

/** Forgets a complete action (interface, release). */
export const releaseHandler = (served: Served): Handler =>
  onAction(served, 'manage', ({ auth, actionId }) => served.operations.release(auth, actionId))
