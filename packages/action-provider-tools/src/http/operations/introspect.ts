import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Served } from '../plugin.ts'
import { sendJson } from '../send-json.ts'

/** What this provider does and how it is asked (interface, introspect). Any web page may read it. */
export function introspectHandler({ description, provider }: Served) {
  const { before } = provider.hooks
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reply.header('access-control-allow-origin', '*')
    if (request.method === 'OPTIONS') {
      return reply.code(204).header('access-control-allow-methods', 'GET, OPTIONS').send()
    }
    if (before && request.operation) await before(request.operation)
    return sendJson(reply, 200, description)
  }
}
