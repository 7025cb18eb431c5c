import { afterAll, expect, test } from 'vitest'
import { provider } from '../src/provider.ts'
import { serveForTest } from './serve-for-test.ts'

const served = await serveForTest(provider)
const alice = served.as('alice')
afterAll(() => served.close())

test('it counts the words', async () => {
  const action = await alice.run({ text: 'To be or not to be' })
  expect(await action.finished()).toMatchObject({
    status: 'SUCCEEDED',
    details: { words: 6, counts: { to: 2, be: 2, or: 1, not: 1 } },
  })
})

test('its log has the steps', async () => {
  const action = await alice.run({ text: 'one' })
  await action.finished()
  const entries: string[] = []
  for await (const { description } of action.log()) entries.push(description)
  expect(entries.join('\n')).toMatch(/split.*count/s)
})

test('a text without words fails, and says why', async () => {
  const action = await alice.run({ text: ' … ' })
  expect(await action.finished()).toMatchObject({ status: 'FAILED', details: { code: 'NoWords' } })
})

test('who cancels it need not wait until it has rested', async () => {
  const action = await alice.run({ text: 'one', rest: 3_600 })
  await action.cancel()
  expect(await action.finished()).toMatchObject({ status: 'FAILED', details: { code: 'Canceled' } })
})
