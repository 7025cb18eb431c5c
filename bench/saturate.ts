import autocannon from 'autocannon'
import type { Load, Order } from './order.ts'
import { requestsOf } from './wire.ts'

/** As many requests as the server answers, each connection sending the next one when it has its answer. */
export async function saturate({ servers, calls, connections, seconds }: Order): Promise<Load> {
  const next = requestsOf(calls, servers[0] ?? '')
  const result = await autocannon({
    url: servers,
    connections,
    duration: seconds,
    setupClient(client) {
      client.getRequestBuffer = next
    },
  })
  return {
    requests: result.requests.total,
    rate: result.requests.total / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    failures: result.non2xx + result.errors + result.timeouts,
  }
}
