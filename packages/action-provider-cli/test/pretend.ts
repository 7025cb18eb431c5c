import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Something that describes itself as a provider, and notes which tokens it is sent. */
export type Pretender = {
  url: string
  /** The Authorization headers that arrived, path by path. */
  received: { path: string; authorization: string | undefined }[]
  close(): Promise<void>
}

/** @param answers what else it does than to describe itself */
export async function pretend(description: object, answers?: RequestListener): Promise<Pretender> {
  const received: Pretender['received'] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    received.push({ path, authorization: request.headers.authorization })
    if (answers && path.replace(/\?.*/, '').split('/').filter(Boolean).length > 1)
      return answers(request, response)
    response.setHeader('content-type', 'application/json').end(JSON.stringify(description))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/skeleton`,
    received,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
