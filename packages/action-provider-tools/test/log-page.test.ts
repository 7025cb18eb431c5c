import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ActionStore, defineActionProvider } from '../src/index.ts'
import { serveForTest, untilSettled } from './served.ts'
import { storesForTest, type TestStores } from './stores.ts'

const provider = defineActionProvider({
  description: { title: 'logs', admin_contact: 'support@example.org', synchronous: false },
  input: { type: 'object' },
  run: async ({ log }) => {
    log('Began', 'It began')
    return {}
  },
})

/** A store in which an action is released just before its log is read: what two requests at once may come to. */
const releasing = (store: ActionStore): ActionStore => ({
  ...store,
  async readLog(namespace, actionId, query) {
    await store.transition(namespace, actionId, () => ({ release: true }))
    return store.readLog(namespace, actionId, query)
  },
})

describe.each(storesForTest)('on $name', ({ start }) => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await start()
  })
  afterAll(() => stores.close())

  test('a log page of an action that is being released is a 404, not an empty page', async () => {
    const database = await stores.create()
    const served = await serveForTest(provider, { store: releasing(await database.open()) })
    const alice = served.auth.caller({ username: 'alice' })
    const { json } = await served.ask(alice, 'POST', '/p/run', { request_id: '1', body: {} })
    await untilSettled(served, alice, json.action_id)
    expect(await served.ask(alice, 'GET', `/p/${json.action_id}/log`)).toMatchObject({
      status: 404,
      json: { code: 'ActionNotFound' },
    })
    await served.close()
  })
})
