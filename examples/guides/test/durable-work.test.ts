import { actionProvider, createApplication, openStore } from 'action-provider-tools'
import { connect } from 'action-provider-tools/client'
import { clock, fakeAuth, record, replay } from 'action-provider-tools/testing'
import { afterEach, expect, test } from 'vitest'
import { type Cluster, simulate } from '../src/durable-work.ts'

const auth = fakeAuth()
const app = createApplication({ logger: false })
afterEach(() => app.close())

test('a month of polling goes by at once, and what its steps gave is replayed', async () => {
  let done = false
  const cluster = {
    submit: async () => ({ id: 'job' }),
    isDone: async () => done,
    collect: async () => ({ result: 42 }),
  } as unknown as Cluster
  const provider = simulate(cluster, { minutes: 5 })
  const old = provider
  const time = clock()
  const store = await openStore('sqlite::memory:', { clock: time })
  await app.register(actionProvider, { prefix: '/simulate', provider, auth, store, clock: time })
  app.addHook('onClose', () => store.close())
  const url = `${await app.listen({ port: 0 })}/simulate`
  const { token } = auth.caller({ username: 'alice' })
  const action = await connect<typeof provider>(url, { token }).run({ script: 'x' })
  const action_id = action.id
  await time.forward({ hours: 1 })
  const before = await record({ provider: old, store, auth }, action_id) // JSON: keep it beside the tests
  expect((await replay(provider, before)).ended).toBe(false)
  done = true
  await time.forward({ days: 30 })
  expect(await action.status()).toMatchObject({ status: 'SUCCEEDED', details: { result: 42 } })
})

export async function asThePageSays(
  provider: ReturnType<typeof simulate>,
  before: Awaited<ReturnType<typeof record>>,
) {
  expect(await replay(provider, before)).toEqual({ ended: false, next: ['collect'] })
}
