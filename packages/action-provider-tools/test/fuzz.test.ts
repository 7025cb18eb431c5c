import { Agent } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defineActionProvider } from '../src/index.ts'
import { arbitraryRequest } from './arbitrary-request.ts'
import { DOCUMENTED_CODES, sendRequest } from './send-request.ts'
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
      const { status, text } = await sendRequest(served.url, agent, request)
      expect(DOCUMENTED_CODES).toContain(status)
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
