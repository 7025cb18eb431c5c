/** Serves a provider in Deno or Bun by the Web-standard handler, and calls it with the client. Prints what came of it. */
import { connect } from '../../src/client/index.ts'
import {
  actionProvider,
  createApplication,
  defineActionProvider,
  fetchHandler,
  openStore,
} from '../../src/index.ts'
import { fakeAuth } from '../../src/testing/index.ts'

/** What both runtimes have for serving, as far as it is used here. */
type Runtime = {
  Deno?: {
    serve: (
      options: { port: number; hostname: string; onListen: () => void },
      handle: (request: Request, info: { remoteAddr: { hostname: string } }) => Promise<Response>,
    ) => { addr: { port: number }; shutdown: () => Promise<void> }
  }
  Bun?: {
    serve: (options: {
      port: number
      hostname: string
      fetch: (
        request: Request,
        server: { requestIP: (request: Request) => { address: string } | null },
      ) => Promise<Response>
    }) => { port: number; stop: (now: boolean) => Promise<void> }
  }
}

const echo = defineActionProvider({
  description: {
    title: 'Echo',
    admin_contact: 'support@example.org',
    synchronous: false,
    visible_to: ['public'],
  },
  input: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  async run({ input, progress, log }) {
    log('Begun', 'It has begun')
    progress({ half: true })
    return { said: input.text }
  },
})

const auth = fakeAuth()
const alice = auth.caller({ username: 'alice' })
const app = createApplication({ logger: false })
const store = await openStore('sqlite::memory:')
await app.register(actionProvider, { prefix: '/echo', provider: echo, auth, store })
const { promise: left, resolve: leave } = Promise.withResolvers<string[]>()
app.get('/left', (_request, reply) => {
  reply.raw.once('close', () => leave(['left']))
  return new Promise(() => {})
})
const handle = fetchHandler(app)

function listen(): { port: number; stop: () => Promise<void> } {
  const { Deno, Bun } = globalThis as Runtime
  const where = { port: 0, hostname: '127.0.0.1' }
  if (Deno) {
    const server = Deno.serve({ ...where, onListen: () => {} }, (request, info) =>
      handle(request, { address: info.remoteAddr.hostname }),
    )
    return { port: server.addr.port, stop: () => server.shutdown() }
  }
  if (Bun === undefined) throw new Error('This program is for Deno or Bun')
  const server = Bun.serve({
    ...where,
    fetch(request, bun) {
      const address = bun.requestIP(request)?.address
      return handle(request, address === undefined ? {} : { address })
    },
  })
  return { port: server.port, stop: () => server.stop(true) }
}

const { port, stop } = listen()
const provider = connect<typeof echo>(`http://127.0.0.1:${port}/echo`, { token: alice.token })
const { title } = await provider.introspect()
const action = await provider.run({ text: 'hey' })
const { status, details } = await action.finished()
const log: string[] = []
for await (const { code } of action.log()) log.push(code)
const refused = await provider.run({ text: 1 } as never).then(
  () => undefined,
  (error: Error) => error.name,
)
// Who goes while it waits is gone, also for the handler.
const gone = await fetch(`http://127.0.0.1:${port}/left`, { signal: AbortSignal.timeout(100) }).catch(
  () => left,
)
process.stdout.write(`${JSON.stringify({ title, status, details, log, refused, gone: await gone })}\n`)
await stop()
await app.close()
await store.close()
