import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** How often it is looked whether a connection can be closed once the application stops, in milliseconds. */
const STOPPING = 50

/**
 * Closes connections that are of no use any more: those whose client does not take its answer, and all that are idle once the
 * application listens no more, each of which Node would keep for a minute.
 * @param patience how long a client may leave its answer untouched, in milliseconds; half as long again at most
 */
export function closeUselessConnections(app: FastifyInstance, patience: number): void {
  const { server } = app
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })

  // Node's `server.timeout` would be set and cleared for every connection with every request.
  const limitStuck = (): void => {
    for (const socket of open) if (socket.writableLength > 0 && !socket.timeout) socket.setTimeout(patience)
  }
  const looking = setInterval(limitStuck, patience / 2).unref()
  app.addHook('onClose', async () => clearInterval(looking))

  app.addHook('preClose', (done) => {
    // One that nothing has come from is not idle to Node, which waits for its first request.
    const closing = setInterval(() => {
      if (server.listening) return
      server.closeIdleConnections()
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
    }, STOPPING).unref()
    server.once('close', () => clearInterval(closing))
    done()
  })
}
