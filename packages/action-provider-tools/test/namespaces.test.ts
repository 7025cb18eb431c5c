import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ActionProvider, type ActionStore, defineActionProvider } from '../src/index.ts'
import { serveForTest } from './served.ts'
import { storesForTest, type TestStores } from './stores.ts'

const titled = (title: string, namespace?: string): ActionProvider =>
  defineActionProvider({
    description: { title, admin_contact: 'support@example.org', synchronous: true },
    input: { type: 'object' },
    ...(namespace !== undefined && { namespace }),
    run: () => ({}),
  })

/** Serves providers over a store, runs an action of the first, and gives the warnings that were logged at the start. */
async function warningsOf(providers: ActionProvider[], store: ActionStore): Promise<string[]> {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  const application = { logger: { level: 'warn', stream } }
  const served = await serveForTest(providers, { store, application })
  const alice = served.auth.caller({ username: 'alice' })
  const { status } = await served.ask(alice, 'POST', '/p/run', { request_id: '1', body: {} })
  expect([200, 202]).toContain(status)
  await served.close()
  return lines.map((line) => JSON.parse(line).msg)
}

describe.each(storesForTest)('on $name', ({ start }) => {
  let stores: TestStores
  beforeAll(async () => {
    stores = await start()
  })
  afterAll(() => stores.close())

  test('a provider whose title was changed is warned at its start, once, and told how to find its actions', async () => {
    const database = await stores.create()
    expect(await warningsOf([titled('Old')], await database.open())).toEqual([])
    expect(await warningsOf([titled('New', 'Old')], await database.open())).toEqual([])
    expect(await warningsOf([titled('New')], await database.open())).toEqual([
      "The database has no actions of 'New', but it has some of 'Old': if you have renamed this provider, define it with namespace: 'Old' to have them again",
    ])
    expect(await warningsOf([titled('New')], await database.open())).toEqual([])
  })

  test('a new provider beside one that has actions is no renamed one', async () => {
    const database = await stores.create()
    expect(await warningsOf([titled('One')], await database.open())).toEqual([])
    expect(await warningsOf([titled('One'), titled('Two')], await database.open())).toEqual([])
  })
})
