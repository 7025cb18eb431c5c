import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Served } from '../plugin.ts'
import { enumerateParameters, type Query } from '../query.ts'
import { sendJson } from '../send-json.ts'
import { callerOf } from './caller.ts'

/** The caller's actions, newest first, a page at a time (interface, enumerate). */
export function enumerateHandler(
  { provider }: Served,
  enumerate: NonNullable<Served['operations']['enumerate']>,
) {
  const { before } = provider.hooks
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { auth, event } = callerOf(request)
    const query = request.query as Query
    const parameters = enumerateParameters(query)
    if (before) await before(event)
    const { documents, next } = await enumerate(auth, parameters)
    if (next !== undefined) reply.header('link', `<${nextPage(query, next)}>; rel="next"`)
    return sendJson(reply, 200, `[${documents.join(',')}]`)
  }
}

/** The same question with the next marker, relative to its own URL, which a proxy may have changed (RFC 8288, section 3.1). */
function nextPage(query: Query, marker: string): string {
  const next = new URLSearchParams()
  for (const name of ['status', 'roles', 'limit']) {
    const value = query[name]
    if (value !== undefined) next.set(name, String(value))
  }
  next.set('marker', marker)
  return `?${next}`
}
