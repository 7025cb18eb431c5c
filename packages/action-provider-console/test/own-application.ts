/** The example of docs/console.md. */
import { consolePages } from 'action-provider-console'
import type { FastifyInstance } from 'fastify'

export async function addConsole(app: FastifyInstance, scope: string): Promise<void> {
  await app.register(consolePages, {
    prefix: '/console',
    providers: [{ path: '/skeleton', scope }],
    auth: 'https://auth.globus.org/',
    clientId: 'the id of the client of the console',
    elsewhere: [],
  })
}
