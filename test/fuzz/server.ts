/** What is fuzzed: a synchronous provider and an asynchronous one on one application, over SQLite. */
import type { AddressInfo } from 'node:net'
import {
  actionProvider,
  createApplication,
  createMetrics,
  defineActionProvider,
  openStore,
} from 'action-provider-tools'
import { fakeAuth } from 'action-provider-tools/testing'
import { beWatched } from '../watched.ts'

export type Fuzzed = { port: number; tokens: string[] }

const description = { admin_contact: 'support@example.org', log_supported: true }
/** Every kind of rule that a schema has, so that every kind of refusal is come upon. */
const input = {
  type: 'object',
  properties: {
    input_string: { type: 'string', maxLength: 60 },
    count: { type: 'integer', minimum: 1, maximum: 9, multipleOf: 2 },
    kind: { enum: ['a', 'b'] },
    list: { type: 'array', items: { type: 'number' }, minItems: 1, uniqueItems: true },
    name: { type: 'string', pattern: '^(a+)+$', minLength: 2 },
    at: { type: 'string', format: 'date-time' },
    either: { oneOf: [{ type: 'string' }, { type: 'object', required: ['x'] }] },
    not: { not: { const: 0 } },
  },
  required: ['input_string'],
  additionalProperties: false,
} as const
const part = { $ref: '#/$defs/part' }
/** The same with a part that refers back to itself in several ways, so that it is checked in threads. */
const recursiveInput = {
  ...input,
  $defs: {
    part: {
      anyOf: [{ type: ['string', 'number'] }, { items: part, minItems: 1 }, { additionalProperties: part }],
    },
  },
  properties: { ...input.properties, either: part },
}

await beWatched<Fuzzed>(async () => {
  const auth = fakeAuth()
  const store = await openStore(process.env.DATABASE_URL ?? '')
  const app = createApplication({ logger: { level: 'silent' }, metrics: createMetrics() })
  const echo = defineActionProvider({
    description: { ...description, title: 'echo', synchronous: true },
    input,
    run: ({ input }) => ({ you_said: input.input_string }),
  })
  const asynchronous = defineActionProvider({
    description: { ...description, title: 'asynchronous', synchronous: false },
    input: recursiveInput,
    run: async ({ attempt, pause, log, progress }) => {
      log('Began', `${attempt}`)
      progress({ attempt })
      if (attempt < 2) pause({ code: 'Wait', description: 'Until somebody resumes it' })
      return {}
    },
  })
  const bodyLimit = 32 * 1024
  await app.register(actionProvider, { prefix: '/p', provider: echo, auth, store, bodyLimit })
  await app.register(actionProvider, { prefix: '/p2', provider: asynchronous, auth, store, bodyLimit })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const callers = [
    auth.caller({ username: 'alice' }),
    auth.caller({ username: 'bob', groups: ['staff'] }),
    auth.caller({ username: 'carol', scopes: ['urn:globus:auth:scope:transfer.api.globus.org:all'] }),
  ]
  const { port } = app.server.address() as AddressInfo
  return {
    info: { port, tokens: callers.map(({ token }) => token) },
    async close() {
      await app.close()
      await store.close()
      await auth.close()
    },
  }
})
