import type { FastifyRequest } from 'fastify'
import type { AuthState } from '../../auth/auth.ts'
import type { OperationEvent } from '../../provider/hooks.ts'

/** Who asks for the operation that a request was admitted for. */
export function callerOf(request: FastifyRequest): { auth: AuthState; event: OperationEvent } {
  const event = request.operation
  if (!event?.auth) throw new Error('A handler was reached without an authenticated caller')
  return { auth: event.auth, event }
}
