import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { OperationEvent } from '../provider/hooks.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by a provider's routes, read through `operationOf`. */
    operation: OperationEvent | null
  }
}

/** Makes room for the operation on the requests of an application. */
export function decorateOperation(app: FastifyInstance): void {
  if (!app.hasRequestDecorator('operation')) app.decorateRequest('operation', null)
}

/** Notes which operation of a provider a request asks for. */
export function beginOperation(request: FastifyRequest, event: OperationEvent): void {
  request.operation = event
}

/** The operation that a request asks a provider for; `undefined` where it asks for something else. */
export function operationOf(request: FastifyRequest): OperationEvent | undefined {
  return request.operation ?? undefined
}
