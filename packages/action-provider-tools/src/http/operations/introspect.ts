import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Served } from '../plugin.ts'
import { answer } from '../send-json.ts'
import { whenKnown } from '../when-known.ts'

/** What this provider does and how it is asked (interface, introspect). Any web page may read it. */
export function introspectHandler({ description, provider }: Served) {
  const { before } = provider.hooks
  return (request: FastifyRequest, reply: FastifyReply): Promise<void> | void => {
    reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', '*')
    if (request.method === 'OPTIONS') {
      reply.code(204).header('access-control-allow-methods', 'GET, OPTIONS').send()
      return
    }
    return answer(
      reply,
      whenKnown(request.operation && before?.(request.operation), () => description),
    )
  }
}
