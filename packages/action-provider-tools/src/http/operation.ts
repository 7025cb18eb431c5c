import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { OperationEvent } from '../provider/hooks.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by a provider's routes, read through `operationOf`. */
    operation: OperationEvent | null
  }
}

/** Decorates the requests of an application with their operation. */
export function decorateOperation(app: FastifyInstance): void {
  if (!app.hasRequestDecorator('operation')) app.decorateRequest('operation', null)
}

/** Sets the operation of a request to a provider. */
export function beginOperation(request: FastifyRequest, event: OperationEvent): void {
  request.operation = event
}

/** The operation of a request to a provider; `undefined` for other requests. */
export function operationOf(request: FastifyRequest): OperationEvent | undefined {
  return request.operation ?? undefined
}
