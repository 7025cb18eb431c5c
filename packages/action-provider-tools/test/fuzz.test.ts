import { Agent, request as httpRequest } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defineActionProvider } from '../src/index.ts'
import { arbitraryRequest, type HttpRequest } from './arbitrary-request.ts'
import { type Served, serveForTest } from './served.ts'

const input = {
  type: 'object',
  properties: { input_string: { type: 'string' } },
  required: ['input_string'],
} as const
const description = { admin_contact: 'support@example.org' }
const agent = new Agent({ keepAlive: true })
let served: Served
beforeAll(async () => {
  served = await serveForTest([
    defineActionProvider({
      description: { ...description, title: 'echo', synchronous: true, log_supported: true },
      input,
      run: ({ input }) => ({ you_said: input.input_string }),
    }),
    defineActionProvider({
      description: { ...description, title: 'asynchronous', synchronous: false },
      input,
      run: async ({ attempt, pause, log }) => {
        log('Began', `${attempt}`)
        if (attempt < 2) pause({ code: 'Wait', description: 'Until somebody resumes it' })
        return {}
      },
    }),
  ])
})
afterAll(async () => {
  agent.destroy()
  await served.close()
})

/** The documented codes: whatever is sent, one of these comes back. 500 and 503 are not among them. */
const EXPECTED = new Set([200, 202, 204, 400, 401, 403, 404, 405, 409, 413, 422])

function send({ method, path, headers, body }: HttpRequest): Promise<{ status: number; text: string }> {
  const content = method === 'GET' || method === 'HEAD' || body === undefined ? '' : body
  // Without it Node would send the body of a DELETE as if it were the next request.
  const length = content === '' ? {} : { 'content-length': String(Buffer.byteLength(content)) }
  return new Promise((resolve, reject) => {
    const options = { method, headers: { ...headers, ...length }, agent }
    const sent = httpRequest(`${served.url}${path}`, options, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      resolve({ status: response.statusCode ?? 0, text })
    })
    sent.on('error', reject)
    sent.end(content)
  })
}

test('no request is answered with anything but a documented code, and in JSON', async () => {
  const callers = ['alice', 'bob'].map((username) => served.auth.caller({ username }))
  const actionIds: string[] = []
  for (const prefix of ['/p', '/p2']) {
    for (const caller of callers) {
      const { json } = await served.ask(caller, 'POST', `${prefix}/run`, {
        request_id: 'known',
        body: { input_string: 'x' },
      })
      actionIds.push(json.action_id)
    }
  }
  const known = { tokens: callers.map(({ token }) => token), actionIds }
  const requests = fc.oneof(arbitraryRequest('/p', known), arbitraryRequest('/p2', known))
  await fc.assert(
    fc.asyncProperty(requests, async (request) => {
      const { status, text } = await send(request)
      expect(EXPECTED).toContain(status)
      if (request.method === 'HEAD' || status === 204) return
      const document = JSON.parse(text)
      if (status >= 400) {
        expect(document).toEqual({ code: expect.any(String), description: expect.any(String) })
        expect(document.description).not.toMatch(/undefined|\[object|at .*\.ts:/)
      }
    }),
    { numRuns: 1_500 },
  )
})
