import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { Counts, Order } from '../src/service.ts'

/** A server that answers as the service does, and calls nobody back: its test does. */
export type ServiceForTest = {
  url: string
  /** The orders that it has, by their ids. */
  orders: Map<string, Order & { result: Counts }>
  /** The next request is done, and answered with this instead. */
  failNext: (status: number) => void
  close: () => void
}

export async function startServiceForTest(token: string): Promise<ServiceForTest> {
  const orders: ServiceForTest['orders'] = new Map()
  const ids = new Map<string, string>()
  let failure: number | undefined
  const server = createServer(async (request, response) => {
    const failed = failure
    failure = undefined
    const answer = (status: number, content: unknown): void => {
      response.writeHead(failed ?? status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(failed === undefined ? content : {}))
    }
    if (request.headers.authorization !== `Bearer ${token}`) return answer(401, 'Who are you?')
    if (request.method === 'POST' && request.url === '/orders') {
      const key = `${request.headers['idempotency-key']}`
      const id = ids.get(key) ?? `${ids.size + 1}`
      ids.set(key, id)
      orders.set(id, { ...((await json(request)) as Order), result: {} })
      return answer(201, { id })
    }
    const [, id = ''] = /^\/orders\/([^/]+)/.exec(request.url ?? '') ?? []
    const order = orders.get(id)
    if (order === undefined) return answer(404, 'There is no such order')
    if (request.method === 'DELETE') orders.delete(id)
    answer(200, order.result)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    orders,
    failNext(status) {
      failure = status
    },
    close: () => server.close(),
  }
}
