import { actionProvider, createApplication, openStore } from 'action-provider-tools'
import { connect } from 'action-provider-tools/client'
import { fakeAuth } from 'action-provider-tools/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reboot, staff } from '../src/groups.ts'

const auth = fakeAuth()
const alice = auth.caller({ username: 'alice', groups: [staff] })
const bob = auth.caller({ username: 'bob' })
const app = createApplication({ logger: false })
let url: string

beforeAll(async () => {
  const store = await openStore('sqlite::memory:')
  app.addHook('onClose', () => store.close())
  await app.register(actionProvider, { prefix: '/reboot', provider: reboot, auth, store })
  url = `${await app.listen({ port: 0 })}/reboot`
})
afterAll(() => app.close())

test('the staff may reboot', async () => {
  const action = await connect<typeof reboot>(url, { token: alice.token }).run({ machine: 'printer' })
  expect(await action.finished()).toMatchObject({ status: 'SUCCEEDED', details: { rebooted: 'printer' } })
})

test('nobody else may', async () => {
  const run = connect<typeof reboot>(url, { token: bob.token }).run({ machine: 'printer' })
  await expect(run).rejects.toMatchObject({ code: 'ForbiddenRequest' })
})
