import { clock } from 'action-provider-tools/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { providerOf } from '../src/provider.ts'
import { restService } from '../src/rest-service.ts'
import { serveForTest } from './serve-for-test.ts'
import { type ServiceForTest, startServiceForTest } from './service-for-test.ts'

const publicUrl = 'https://provider.example.org'
const time = clock()

let service: ServiceForTest
let served: Awaited<ReturnType<typeof serveProvider>>
beforeEach(async () => {
  service = await startServiceForTest('secret')
  served = await serveProvider()
})
afterEach(async () => {
  await served.close()
  service.close()
})

const serveProvider = () =>
  serveForTest(providerOf(restService({ url: service.url, token: 'secret' })), { publicUrl, clock: time })

/** Starts an action that waits for the service. */
async function submit() {
  const action = await served.as('alice').run({ text: 'to be or not to be' })
  await expect
    .poll(() => action.status(), { timeout: 20_000 })
    .toMatchObject({ status: 'ACTIVE', display_status: 'Waiting for done' })
  return action
}

/** Sends an event as the service does, from outside to the public address, which a proxy would pass on to the provider. */
async function callBack(event: unknown, forge = ''): Promise<number> {
  const [order] = service.orders.values()
  const { origin, pathname, search } = new URL(order?.callback ?? '')
  expect(origin).toBe(publicUrl)
  const url = new URL(`${pathname}${search}${forge}`, served.url)
  return (await fetch(url, { method: 'POST', body: JSON.stringify(event) })).status
}

test('once the service has called back, the result is collected from it', async () => {
  const action = await submit()
  const order = service.orders.get('1')
  expect(order).toMatchObject({ text: 'to be or not to be' })
  if (order) order.result = { to: 2, be: 2 }
  expect(await callBack({ ok: true })).toBe(200)
  expect(await action.finished()).toMatchObject({
    status: 'SUCCEEDED',
    details: { order: '1', counts: { to: 2, be: 2 } },
  })
})

test('what the service could not do fails, and says why', async () => {
  const action = await submit()
  await callBack({ ok: false, reason: 'Out of paper' })
  expect(await action.finished()).toMatchObject({
    status: 'FAILED',
    details: { code: 'NotDone', description: 'Out of paper' },
  })
})

test('what is forged, or no event of this kind, is refused, and the work waits on', async () => {
  const action = await submit()
  expect(await callBack({ ok: true }, 'x')).toBe(404)
  expect(await callBack({ done: true })).toBe(422)
  expect(await action.status()).toMatchObject({ status: 'ACTIVE' })
})

test('where the service does not call back for two days the action fails, and the order is given up', async () => {
  const action = await submit()
  await time.forward({ days: 1 })
  expect(await action.status()).toMatchObject({ status: 'ACTIVE' })
  await time.forward({ days: 1 })
  expect(await action.finished()).toMatchObject({ status: 'FAILED', details: { code: 'WaitTimeout' } })
  expect(service.orders.size).toBe(0)
})

test('an order whose answer was lost is submitted again, and is the same order', async () => {
  service.failNext(503)
  const action = await submit()
  expect(service.orders.size).toBe(1)
  await callBack({ ok: true })
  expect(await action.finished()).toMatchObject({ status: 'SUCCEEDED', details: { order: '1' } })
})
