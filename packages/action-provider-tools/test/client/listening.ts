import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request as it came. */
export type Came = { method: string; path: string; headers: IncomingMessage['headers']; body: string }

/** A server that answers as a test says, whatever that is, and remembers what came. */
export type Listening = { url: string; came: Came[]; close(): Promise<void> }

/** @param hasUpdates whether it answers what asks for updates itself, which providers of the Python toolkit do not know */
export async function listening(
  answer: (came: Came, response: ServerResponse, count: number) => unknown,
  { hasUpdates = false } = {},
): Promise<Listening> {
  const came: Came[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const body = await text(request)
    if (!hasUpdates && /\/actions\/[^/]+\/updates/.test(url)) {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not Found</h1>')
      return
    }
    const each = { method, path: url, headers, body }
    came.push(each)
    answer(each, response, came.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    came,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Answers with a document. */
export function sendJson(
  response: ServerResponse,
  status: number,
  document: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(document))
}

/** A status as a provider of the interface answers with it. */
export function statusOf(more: Record<string, unknown> = {}): Record<string, unknown> {
  const creator_id = 'urn:globus:auth:identity:ca73e829-715f-4522-9141-1d2d3b1ae2a1'
  return { action_id: 'one', status: 'SUCCEEDED', details: {}, creator_id, ...more }
}

/** Everything that an iterable gives. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}
