/**
 * The limit: bare Fastify, as it comes, with routes that answer constants. A body is read as bytes, as the provider does
 * before it looks into it. The routes come as JSON in the environment.
 */
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'

export type Constant = { method: 'GET' | 'POST'; url: string; code: number; body: string }

const app = Fastify()
app.removeAllContentTypeParsers()
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
)
for (const { method, url, code, body } of JSON.parse(process.env.CONSTANTS ?? '[]') as Constant[]) {
  app.route({
    method,
    url,
    handler: (_request, reply) => {
      reply.code(code).header('content-type', 'application/json; charset=utf-8').send(body)
    },
  })
}
await app.listen({ port: 0, host: '127.0.0.1' })
process.stdout.write(`It serves at http://127.0.0.1:${(app.server.address() as AddressInfo).port}\n`)
