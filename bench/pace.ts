import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Load, Order } from './order.ts'
import { requestsOf } from './wire.ts'

/**
 * Requests at a constant rate, whether or not the server keeps up, each timed from the moment when it was due. autocannon
 * has a rate too, but sends a second's requests in one go at its beginning, and corrects for coordinated
 * omission in steps of a millisecond: it would measure how the server answers at its peak.
 */
export async function pace(order: Order & { rate: number }): Promise<Load> {
  const { rate, seconds } = order
  const latencies: number[] = []
  const due: number[] = []
  let failures = 0
  const idle: Connection[] = []
  const connections = await Promise.all(
    Array.from({ length: order.connections }, (_, index) =>
      open(order.servers[index % order.servers.length] ?? '', (connection, since, ok) => {
        latencies.push(performance.now() - since)
        if (!ok) failures++
        idle.push(connection)
      }),
    ),
  )
  idle.push(...connections)
  const next = requestsOf(order.calls, order.servers[0] ?? '')
  const total = Math.round(rate * seconds)
  const begin = performance.now() + 10
  const giveUp = begin + seconds * 1_000 + 10_000
  let made = 0
  // Turns without a pause: a timer's millisecond is too coarse for tens of requests in it.
  while (latencies.length < total && performance.now() < giveUp) {
    const now = performance.now()
    while (made < total && begin + (made * 1_000) / rate <= now) due.push(begin + (made++ * 1_000) / rate)
    while (due.length > 0 && idle.length > 0) idle.shift()?.send(next(), due.shift() ?? now)
    await new Promise(setImmediate)
  }
  const took = (performance.now() - begin) / 1_000
  for (const { socket } of connections) socket.destroy()
  latencies.sort((a, b) => a - b)
  const quantile = (q: number): number => latencies[Math.floor(latencies.length * q)] ?? Number.NaN
  return {
    requests: latencies.length,
    rate: latencies.length / took,
    p50: quantile(0.5),
    p99: quantile(0.99),
    failures: failures + total - latencies.length,
  }
}

/** A connection that waits for one answer at a time. */
type Connection = { socket: Socket; send: (request: Buffer, since: number) => void }

async function open(
  server: string,
  answered: (connection: Connection, since: number, ok: boolean) => void,
): Promise<Connection> {
  const { hostname, port } = new URL(server)
  const socket = connect(Number(port), hostname).setNoDelay()
  let since = 0
  let received = ''
  const connection: Connection = {
    socket,
    send(request, dueAt) {
      since = dueAt
      socket.write(request)
    },
  }
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
    const end = received.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = Number(/\ncontent-length: (\d+)/i.exec(received)?.[1])
    if (received.length < end + 4 + length) return
    const ok = received.startsWith('HTTP/1.1 2')
    received = ''
    answered(connection, since, ok)
  })
  await once(socket, 'connect')
  return connection
}
