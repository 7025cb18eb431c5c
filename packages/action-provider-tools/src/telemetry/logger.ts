import type { FastifyBaseLogger } from 'fastify'

/** A structured log, as pino and Fastify have it. */
export type Logger = Pick<
  FastifyBaseLogger,
  'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child'
>
