import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ActionProvider, actionProvider, createApplication, openStore } from 'action-provider-tools'
import { connect } from 'action-provider-tools/client'
import { type FakeAuth, fakeAuth } from 'action-provider-tools/testing'
import { afterEach, expect, test, vi } from 'vitest'
import { publish, simulate } from '../src/durable-work.ts'
import { withJsonSchema, withTypeBox, withZod } from '../src/input-schemas.ts'
import { type Cluster, clusterJob } from '../src/other-systems.ts'
import { type Batch, queue } from '../src/own-state.ts'
import { resize } from '../src/resize.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  vi.resetModules()
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(provider: ActionProvider, auth: FakeAuth, publicUrl?: string): Promise<string> {
  const app = createApplication({ logger: false })
  const store = await openStore('sqlite::memory:')
  app.addHook('onClose', () => store.close())
  await app.register(actionProvider, {
    prefix: '/it',
    provider,
    auth,
    store,
    ...(publicUrl && { publicUrl }),
  })
  closing.push(() => app.close())
  return `${await app.listen({ port: 0 })}/it`
}

async function http(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('the work of the guide to asynchronous work fetches, says so, and fails where there is nothing', async () => {
  const images = await http((request, answer) => {
    answer.writeHead(request.url === '/there' ? 200 : 404).end('an image')
  })
  const auth = fakeAuth()
  const provider = connect<typeof resize>(await serve(resize, auth), auth.caller({ username: 'alice' }))
  const made = await provider.run({ url: `${images}/there`, width: 7 })
  expect(await made.finished()).toMatchObject({ status: 'SUCCEEDED', details: { width: 7 } })
  const codes: string[] = []
  for await (const { code } of made.log()) codes.push(code)
  expect(codes).toContain('Fetched')
  const failed = await provider.run({ url: `${images}/gone`, width: 7 })
  expect(await failed.finished()).toMatchObject({ status: 'FAILED', details: { code: 'NoImage' } })
})

test('the work of the guide to consent waits for it, and goes on with it', async () => {
  let asked: string | undefined
  const storage = await http((request, answer) => {
    asked = request.headers.authorization
    answer.end('["a.txt"]')
  })
  vi.stubEnv('STORAGE_URL', storage)
  const { listing, storageScope } = await import('../src/consent.ts')
  const auth = fakeAuth()
  const alice = auth.caller({ username: 'alice' })
  const action = await connect<typeof listing>(await serve(listing, auth), alice).run({ folder: 'mine' })
  const waiting = await action.finished()
  expect(waiting).toMatchObject({
    status: 'INACTIVE',
    details: { required_scope: expect.stringContaining(storageScope) },
  })
  auth.consent(alice, storageScope)
  await action.resume()
  expect(await action.finished()).toMatchObject({ status: 'SUCCEEDED', details: { files: ['a.txt'] } })
  expect(asked).toMatch(/^Bearer fake-dependent-token-/)
})

test('a job of another system is submitted under the id of its action, and polled to its end', async () => {
  const keys: string[] = []
  const cluster: Cluster = {
    async submit(_command, { key }) {
      keys.push(key)
      return { job: '1' }
    },
    job: async () => ({ state: 'finished', output: 'done' }),
    cancel: async () => {},
  }
  const provider = clusterJob(cluster, 50)
  const auth = fakeAuth()
  const alice = auth.caller({ username: 'alice' })
  const action = await connect(await serve(provider, auth), alice).run({ command: 'make' })
  expect(await action.finished()).toMatchObject({ status: 'SUCCEEDED', details: { output: 'done' } })
  expect(keys).toEqual([action.id])
})

test('the work of the guide to durable work submits once, polls, and collects', async () => {
  const keys: string[] = []
  let polls = 0
  const provider = simulate(
    {
      async submit(_script, key) {
        keys.push(key)
        return { id: 'job' }
      },
      isDone: async () => ++polls === 3,
      collect: async () => ({ output: 'done' }),
    },
    { minutes: 1 / 60_000 },
  )
  const auth = fakeAuth()
  const alice = auth.caller({ username: 'alice' })
  const action = await connect(await serve(provider, auth), alice).run({ script: 'make' })
  expect(await action.finished()).toMatchObject({ status: 'SUCCEEDED', details: { output: 'done' } })
  expect(keys).toEqual([`${action.id}/submit`])
})

test('the work of the guide to durable work asks, and goes on with the answer', async () => {
  const asked = Promise.withResolvers<string>()
  const provider = publish(async (text) => asked.resolve(text))
  const auth = fakeAuth()
  const alice = auth.caller({ username: 'alice' })
  const url = await serve(provider, auth, 'https://publisher.example')
  const action = await connect<typeof provider>(url, alice).run({ title: 'On clocks' })
  const [, callback = ''] = /Answer at (\S+)/.exec(await asked.promise) ?? []
  expect(callback).toMatch(/^https:\/\/publisher\.example\/it\/actions\//)
  const answer = { approved: true, by: 'bob' }
  const body = JSON.stringify(answer)
  const here = new URL(callback.slice('https://publisher.example'.length), url)
  expect((await fetch(here, { method: 'POST', body })).status).toBe(200)
  const done = await action.finished()
  expect(done).toMatchObject({ status: 'SUCCEEDED', details: { published: true, decided_by: 'bob' } })
})

test('a queue that keeps its own state takes a request once', async () => {
  const jobs = new Map<string, Awaited<ReturnType<Batch['stop']>>>()
  const change = (id: string, state: 'stopped' | 'done') => {
    const job = { ...(jobs.get(id) as Awaited<ReturnType<Batch['stop']>>), state }
    jobs.set(id, job)
    return job
  }
  const batch: Batch = {
    async submit({ key, owner }) {
      const id = Buffer.from(key).toString('hex').slice(-16)
      const found = jobs.get(id)
      const job = found ?? { id, owner, state: 'queued' }
      jobs.set(id, job)
      return { job, isNew: found === undefined }
    },
    find: async (id) => jobs.get(id),
    stop: async (id) => change(id, 'stopped'),
    async forget(id) {
      const job = change(id, jobs.get(id)?.state === 'done' ? 'done' : 'stopped')
      jobs.delete(id)
      return job
    },
  }
  const auth = fakeAuth()
  const provider = connect(await serve(queue(batch), auth), auth.caller({ username: 'alice' }))
  const action = await provider.run({ command: 'make' }, { request_id: 'one' })
  const again = await provider.run({ command: 'make' }, { request_id: 'one' })
  expect(again.id).toBe(action.id)
  await expect(action.release()).rejects.toMatchObject({ code: 'ActionConflict' })
  expect(await action.cancel()).toMatchObject({ status: 'FAILED' })
  await action.release()
  await expect(action.status()).rejects.toMatchObject({ code: 'ActionNotFound' })
})

test('the schemas of the guide take what it says, and give the work what it says', async () => {
  const auth = fakeAuth()
  const alice = auth.caller({ username: 'alice' })
  const said = async (provider: ActionProvider, input: Record<string, unknown>): Promise<unknown> =>
    (await (await connect(await serve(provider, auth), alice).run(input)).finished()).details
  expect(await said(withTypeBox, { text: 'a', times: 2 })).toEqual({ you_said: 'aa' })
  expect(await said(withJsonSchema, { text: 'a', tone: 'loud' })).toEqual({ you_said: 'A' })
  expect(await said(withZod, { text: 'a' })).toEqual({ you_said: 'a' })
})

test('the example of the emulator runs', async () => {
  const { client_id, token } = await import('../src/emulating.ts')
  expect(client_id).toMatch(/^[0-9a-f-]{36}$/)
  expect(token).not.toBe('')
})
