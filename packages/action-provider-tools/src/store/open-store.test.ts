import { expect, test } from 'vitest'
import { StoreUnusable } from '../errors.ts'
import { openStore } from './open-store.ts'

test('opens SQLite', async () => {
  const store = await openStore('sqlite::memory:')
  expect(store.kind).toBe('sqlite')
  await store.close()
})

test.each(['', 'sqlite:', 'mysql://user:secret@host/db', 'postgres:user:secret', './secret.db'])(
  'does not open %j, and repeats nothing of it',
  async (url) => {
    const refusal = openStore(url)
    await expect(refusal).rejects.toThrow(StoreUnusable)
    await expect(refusal).rejects.toThrow(/^(?!.*secret).*sqlite:PATH/)
  },
)
