import { actionProvider, createApplication, openStore } from 'action-provider-tools'
import { connect } from 'action-provider-tools/client'
import { clock, fakeAuth, record, replay } from 'action-provider-tools/testing'
import { expect, test } from 'vitest'
import { type Cluster, simulate } from '../src/durable-work.ts'

test('work that polls each day collects what takes a month, and its steps fit', async () => {
  let polls = 0
  const cluster: Cluster = {
    submit: async () => ({ id: '7' }),
    isDone: async () => ++polls > 29,
    collect: async (id) => ({ output: `output of ${id}` }),
  }
  const provider = simulate(cluster, { minutes: 24 * 60 })
  const auth = fakeAuth()
  const app = createApplication({ logger: false })
  const time = clock()
  const store = await openStore('sqlite::memory:', { clock: time })
  await app.register(actionProvider, { prefix: '/simulate', provider, auth, store, clock: time })
  app.addHook('onClose', () => store.close())
  const url = `${await app.listen({ port: 0 })}/simulate`
  const { token } = auth.caller({ username: 'alice' })

  const action = await connect<typeof provider>(url, { token }).run({ script: 'echo' })
  await time.forward({ days: 2.5 })
  const before = await record({ provider, store, auth }, action.id)
  await time.forward({ days: 30 })

  expect(await action.status()).toMatchObject({ status: 'SUCCEEDED', details: { output: 'output of 7' } })
  expect(await replay(provider, before)).toEqual({ ended: false, next: ['poll#4'] })
  expect(polls).toBe(30)
  await app.close()
})
