import type { FastifyInstance } from 'fastify'

const shared = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'retry-after, www-authenticate',
}

/**
 * Lets web applications of any origin call the routes of `app`, as Globus does for its JavaScript SDK. Only for
 * routes that take no cookie: whoever calls them brings a token, a secret or a code of their own.
 */
export function allowAnyOrigin(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.origin !== undefined) reply.headers(shared)
  })

  app.options('/v2/*', async (_request, reply) =>
    reply
      .code(204)
      .headers({
        ...shared,
        'access-control-allow-methods': 'GET, POST, PUT, DELETE',
        'access-control-allow-headers': 'authorization, content-type, x-globus-client-info',
        'access-control-max-age': '600',
      })
      .send(),
  )
}
