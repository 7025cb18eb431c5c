/** What bare Fastify answers with, and how: the same for all that providers are measured by. */
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'

/** A route that answers a constant. */
export type Constant = { method: 'GET' | 'POST'; url: string; code: number; body: string }

/** Fastify as it comes, but that a body is read as bytes, as a provider does before it looks into it. */
export function bareFastify(): FastifyInstance {
  const app = Fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  return app
}

export function answer(reply: FastifyReply, { code, body }: Constant): void {
  reply.code(code).header('content-type', 'application/json; charset=utf-8').send(body)
}

/** Listens on a port of this machine, and says where. */
export async function listen(app: FastifyInstance): Promise<void> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  process.stdout.write(`It serves at http://127.0.0.1:${(app.server.address() as AddressInfo).port}\n`)
}
