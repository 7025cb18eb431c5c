import { RequestValidationError } from 'action-provider-tools'
import { afterAll, expect, test } from 'vitest'
import { provider } from '../src/provider.ts'
import { serveForTest } from './serve-for-test.ts'

const served = await serveForTest(provider)
const alice = served.as('alice')
afterAll(() => served.close())

test('anybody may read what it does', async () => {
  expect(await alice.introspect()).toMatchObject({ title: '__title__', synchronous: true })
})

test('it says what it was told, at once', async () => {
  const { latest } = await alice.run({ text: 'hey' })
  expect(latest).toMatchObject({ status: 'SUCCEEDED', details: { you_said: 'hey' } })
})

test('the same request again is the same action', async () => {
  const first = await alice.run({ text: 'hey' }, { request_id: 'once' })
  const again = await alice.run({ text: 'hey' }, { request_id: 'once' })
  expect(again.id).toBe(first.id)
})

test('what does not fit its schema is refused', async () => {
  await expect(alice.run({ text: 1 as unknown as string })).rejects.toThrow(RequestValidationError)
})

test('an action is its creator’s own', async () => {
  const { id } = await alice.run({ text: 'secret' })
  await expect(served.as('bob').action(id).status()).rejects.toThrow('no such action')
})
