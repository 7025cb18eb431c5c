import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** How often idle connections are closed while the application stops, in milliseconds. */
const STOPPING = 50

/**
 * Closes connections whose client does not read its answer, and idle ones once the application has stopped to
 * listen, which Node would keep for a minute.
 * @param patience how long a client may leave its answer unread, in milliseconds; up to half of it is added
 */
export function closeUselessConnections(app: FastifyInstance, patience: number): void {
  const { server } = app
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })

  // Node would set and clear `server.timeout` with every request of every connection.
  const limitStuck = (): void => {
    for (const socket of open) if (socket.writableLength > 0 && !socket.timeout) socket.setTimeout(patience)
  }
  const looking = setInterval(limitStuck, patience / 2).unref()
  app.addHook('onClose', async () => clearInterval(looking))

  app.addHook('preClose', (done) => {
    // A connection that has sent nothing is not idle to Node, which waits for its first request.
    const closing = setInterval(() => {
      if (server.listening) return
      server.closeIdleConnections()
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy()
    }, STOPPING).unref()
    server.once('close', () => clearInterval(closing))
    done()
  })
}
