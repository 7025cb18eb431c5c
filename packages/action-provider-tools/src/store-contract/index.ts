/**
 * The test suite for every store, for Vitest. It needs `vitest` and `fast-check` beside this package. The
 * type `ActionStore` describes a store.
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
 * Describes what every store must do. Call it at the top of a test file.
 *
 * @param name the name of the store in the tests
 * @param open opens it; a test may open another one, with other options
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
