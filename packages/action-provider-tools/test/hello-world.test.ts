import { afterEach, beforeEach, expect, test } from 'vitest'
import { helloWorld } from '../../../examples/hello-world/src/hello-world.ts'
import { eventually } from '../../../test/eventually.ts'
import { type ActionProvider, type ActionStatus, openStore } from '../src/index.ts'
import { clock, type TestClock } from '../src/testing/index.ts'
import { codeOf } from './serve-work.ts'
import { type Answer, type Served, serveForTest } from './served.ts'

/** The asynchronous example. A machine that is busy may take longer to end the work than run waits. */
function patient(): ActionProvider {
  const { work } = helloWorld
  if (work.kind !== 'run') throw new Error('hello-world has another kind of work')
  return { ...helloWorld, work: { ...work, options: { ...work.options, answerWithin: 60_000 } } }
}

let time: TestClock
let served: Served
beforeEach(async () => {
  time = clock()
  const store = await openStore('sqlite::memory:', { clock: time })
  served = await serveForTest(patient(), { store, clock: time })
})
afterEach(() => served.close())

const ask = (method: string, path: string, body?: object, prefer = 'handling=lenient'): Promise<Answer> =>
  served.ask(served.auth.caller({ username: 'alice' }), method, `/p${path}`, body, { prefer })

/** Starts an action that sleeps for ten days, and waits until it does. */
async function sleeping(request: object): Promise<string> {
  const body = { echo_string: 'hey', sleep_time: 864_000 }
  const { action_id } = (await ask('POST', '/run', { ...request, body }, 'respond-async')).json
  await eventually(async () => {
    const action = await served.store.get(helloWorld.namespace, action_id)
    return action !== undefined && action.lease > 0 && action.runs_on === undefined
  })
  return action_id
}
const statusOf = async (id: string): Promise<ActionStatus> => (await ask('GET', `/${id}/status`)).json

test('without sleep_time it is SUCCEEDED in the answer to run', async () => {
  expect(helloWorld.work).toMatchObject({ options: { answerWithin: 1_000 } })
  const { status, json } = await ask('POST', '/run', { request_id: 'one', body: { echo_string: 'hey' } })
  expect(status).toBe(202)
  expect(json).toMatchObject({ status: 'SUCCEEDED', details: { Hello: 'World', hello: 'hey' } })
})

test('with sleep_time it sleeps for so long, and can be released then', async () => {
  const id = await sleeping({ request_id: 'one' })
  expect(await statusOf(id)).toMatchObject({
    status: 'ACTIVE',
    display_status: 'Sleeps for 864000 s',
    details: { sleep_time: 864_000 },
  })
  expect((await ask('POST', `/${id}/release`)).status).toBe(409)
  await time.forward({ days: 9 })
  expect((await statusOf(id)).status).toBe('ACTIVE')
  await time.forward({ days: 1.1 })
  expect(await statusOf(id)).toMatchObject({ status: 'SUCCEEDED', details: { hello: 'hey' } })
  expect((await ask('POST', `/${id}/release`)).status).toBe(200)
  expect((await ask('GET', `/${id}/status`)).status).toBe(404)
})

test('while it sleeps it heeds cancel and its deadline', async () => {
  const canceled = await sleeping({ request_id: 'one' })
  expect(codeOf((await ask('POST', `/${canceled}/cancel`)).json)).toBe('Canceled')
  const deadline = new Date(time() + 86_400_000).toISOString()
  const late = await sleeping({ request_id: 'two', deadline })
  await time.forward({ days: 2 })
  expect(codeOf(await statusOf(late))).toBe('DeadlineExceeded')
})
