/**
 * What every store must do, as a suite of tests for Vitest: `vitest` and `fast-check` are needed beside this package.
 * What a store is stands in the type `ActionStore`.
 *
 * @module action-provider-tools/store-contract
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ServiceUnavailable } from '../errors.ts'
import { newAction } from './actions.ts'
import { describeCreate } from './create.ts'
import { describeJobs } from './jobs.ts'
import { describeLimits } from './limits.ts'
import { describeLists } from './lists.ts'
import { describeLogs } from './logs.ts'
import { describeMaintenance } from './maintenance.ts'
import { describeRemoval } from './removal.ts'
import { describeSteps } from './steps.ts'
import { createSuite, type OpenStore } from './suite.ts'
import { describeTransition } from './transition.ts'

export type * from '../store/action-store.ts'
export { ALICE, type NewActionOptions, newAction } from './actions.ts'
export type { OpenedStore, OpenStore } from './suite.ts'

/**
 * Describes what every store must do, whatever keeps the actions. Call it at the top of a test file.
 *
 * @param name what the tests call the store
 * @param open opens it; a test may open one of its own, with other options
 * @example
 * describeActionStore('SQLite', async (options) => {
 *   const store = await openStore('sqlite::memory:', options)
 *   return { store, close: () => store.close() }
 * })
 */
export function describeActionStore(name: string, open: OpenStore): void {
  describe(`${name} keeps the contract of stores`, () => {
    const suite = createSuite(open)

    beforeAll(suite.start)
    afterAll(suite.close)

    describeCreate(suite)
    describeTransition(suite)
    describeRemoval(suite)
    describeLists(suite)
    describeLogs(suite)
    describeJobs(suite)
    describeLimits(suite)
    describeMaintenance(suite)
    describeSteps(suite)

    test('answers a ping, and nothing once it is closed', async () => {
      const short = await open()
      const { provider, action_id } = newAction()
      await expect(short.store.ping()).resolves.toBeUndefined()
      await short.close()
      await expect(short.store.ping()).rejects.toThrow(ServiceUnavailable)
      await expect(short.store.create(newAction())).rejects.toThrow(ServiceUnavailable)
      await expect((async () => short.store.get(provider, action_id))()).rejects.toThrow(ServiceUnavailable)
      await expect(short.store.close()).resolves.toBeUndefined()
    })
  })
}
