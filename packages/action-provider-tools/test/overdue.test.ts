import { expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import type { ActionStore } from '../src/index.ts'
import { newAction } from '../src/store-contract/actions.ts'
import { createClock, describeWork } from './serve-work.ts'

const HOUR = 3_600_000
const MANY = 2_500

describeWork('actions whose deadline passes together', ({ serve, createDatabase }) => {
  test('are ended together, so that the database makes many durable in one write', async () => {
    const clock = createClock()
    const database = await createDatabase()
    const filling = await database.open()
    const deadline_at = Date.now() + HOUR
    await Promise.all(
      Array.from({ length: MANY }, () => filling.create(newAction({ provider: 'work', deadline_at }))),
    )
    await filling.close()
    let [atOnce, most] = [0, 0]
    const counted = {
      async open(options?: object): Promise<ActionStore> {
        const store = await database.open(options)
        const transition: ActionStore['transition'] = async (...given) => {
          most = Math.max(most, ++atOnce)
          return store.transition(...given).finally(() => atOnce--)
        }
        return { ...store, transition }
      },
    }
    const { store } = await serve({ run: async () => ({}) }, { database: counted, clock })
    clock.forward(HOUR)
    await eventually(async () => (await store.count('work')).actions.FAILED === MANY)
    expect(most).toBeGreaterThanOrEqual(256)
  })
})
