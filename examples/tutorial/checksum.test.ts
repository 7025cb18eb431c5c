import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { actionProvider, createApplication, openStore } from 'action-provider-tools'
import { connect } from 'action-provider-tools/client'
import { fakeAuth } from 'action-provider-tools/testing'
import { checksum } from './checksum.ts'

const auth = fakeAuth()
const alice = auth.caller({ username: 'alice' })
const app = createApplication({ logger: false })
let origin: string

before(async () => {
  const store = await openStore('sqlite::memory:')
  app.addHook('onClose', () => store.close())
  app.get('/file', () => 'abc')
  await app.register(actionProvider, { prefix: '/checksum', provider: checksum, auth, store })
  origin = await app.listen({ port: 0 })
})
after(() => app.close())

async function end(url: string) {
  const provider = connect<typeof checksum>(`${origin}/checksum`, { token: alice.token })
  const action = await provider.run({ url })
  return await action.finished()
}

test('the checksum of a file', async () => {
  const { status, details } = await end(`${origin}/file`)
  assert.equal(status, 'SUCCEEDED')
  assert.deepEqual(details, {
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    bytes: 3,
  })
})

test('a file that is not there', async () => {
  const { status, details } = await end(`${origin}/none`)
  assert.equal(status, 'FAILED')
  assert.deepEqual(details, { code: 'NoFile', description: 'The server answered 404' })
})
