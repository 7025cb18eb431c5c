/** What telemetry goes around. */
import type { FastifyReply, FastifyRequest } from 'fastify'

/** The hook that admits a request. */
export type EnterHook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

/** What answers a request. */
export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** A part of an action's life that no request waits for. */
export type BackgroundPart = {
  /** `work`: a run of its work. `end`: it is ended from outside. */
  name: 'work' | 'end'
  action_id: string
  attempt?: number
  /** What `traceparent` gave when the action was started. */
  traceparent?: string | undefined
  /** When it began, in milliseconds since 1970 (default: now). */
  startedAt?: number
}
