import { AsyncLocalStorage } from 'node:async_hooks'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { actionProvider, createApplication, defineActionProvider, openStore } from '../src/index.ts'
import { fakeAuth } from '../src/testing/index.ts'

test('answers that go out together keep the context of their own request', async () => {
  const provider = defineActionProvider({
    description: {
      title: 'echo',
      admin_contact: 'support@example.org',
      synchronous: true,
      visible_to: ['public'],
    },
    input: { type: 'object' },
    run: () => ({}),
  })
  const context = new AsyncLocalStorage<string>()
  const seen: [own: string, found: string | undefined][] = []
  const app = createApplication({ logger: false })
  app.addHook('onRequest', (request, _reply, done) => context.run(request.id, done))
  app.addHook('onSend', async (request) => void seen.push([request.id, context.getStore()]))
  app.addHook('onResponse', async (request) => void seen.push([request.id, context.getStore()]))
  const store = await openStore('sqlite::memory:')
  await app.register(actionProvider, { prefix: '/p', provider, auth: fakeAuth(), store })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  let accepted = 0
  app.server.on('connection', () => accepted++)
  const sockets = Array.from({ length: 100 }, () => connect(port, '127.0.0.1'))
  await eventually(() => accepted === 100)
  const answers = sockets.map((socket) => text(socket))
  // All of them in one turn, so that the server reads them in one.
  for (const socket of sockets) socket.write('GET /p/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  for (const answer of await Promise.all(answers)) expect(answer).toContain('"title":"echo"')
  await app.close()
  await store.close()
  expect(seen).toHaveLength(200)
  for (const [own, found] of seen) expect(found).toBe(own)
})
