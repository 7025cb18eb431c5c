import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { actionProvider, createApplication, openStore } from 'action-provider-tools'
import { fakeAuth } from 'action-provider-tools/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { watchasay } from '../src/watchasay.ts'

/** How an author tests a provider: made-up callers, no credentials, no tokens, no network beyond this machine. */

const auth = fakeAuth()
const alice = auth.caller({ username: 'alice' })
const bob = auth.caller({ username: 'bob' })
const app = createApplication({ logger: false })
let folder: string
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchasay-'))
  const store = await openStore(`sqlite:${join(folder, 'actions.db')}`)
  app.addHook('onClose', () => store.close())
  await app.register(actionProvider, { prefix: '/skeleton', provider: watchasay, auth, store })
  url = `${await app.listen({ port: 0 })}/skeleton`
})
afterAll(async () => {
  await app.close()
  await rm(folder, { recursive: true, force: true })
})

const run = (caller: typeof alice, request_id: string, input: unknown): Promise<Response> =>
  fetch(`${url}/run`, {
    method: 'POST',
    headers: { authorization: caller.authorization },
    body: JSON.stringify({ request_id, body: input }),
  })

test('anybody may read what it does and how it is asked', async () => {
  const description = await (await fetch(`${url}/`)).json()
  expect(description).toMatchObject({
    title: 'skeleton_action_provider',
    admin_contact: 'support@globus.org',
    synchronous: true,
    log_supported: false,
    visible_to: ['public'],
    globus_auth_scope: auth.scope,
    input_schema: {
      $id: 'https://automate.globus.org/skeleton_action_provider.input.schema.json',
      type: 'object',
      required: ['input_string'],
      additionalProperties: false,
    },
  })
})

test('it says what it was told, and has succeeded at once', async () => {
  const answer = await run(alice, 'hey', { input_string: 'hey' })
  expect(answer.status).toBe(202)
  expect(await answer.json()).toMatchObject({
    status: 'SUCCEEDED',
    display_status: 'SUCCEEDED',
    details: { you_said: 'hey' },
    creator_id: alice.urn,
    release_after: 'P30D',
  })
})

test('the same request again is the same action', async () => {
  const first = await (await run(alice, 'twice', { input_string: 'x' })).json()
  const again = await run(alice, 'twice', { input_string: 'x' })
  expect(again.status).toBe(200)
  expect(await again.json()).toEqual(first)
  expect((await run(alice, 'twice', { input_string: 'y' })).status).toBe(409)
})

test('an action is its creator’s own, until it is released', async () => {
  const { action_id } = (await (await run(alice, 'mine', { input_string: 'x' })).json()) as {
    action_id: string
  }
  const ask = async (caller: typeof alice, method: string, path: string): Promise<number> =>
    (await fetch(`${url}/${action_id}/${path}`, { method, headers: { authorization: caller.authorization } }))
      .status
  expect(await ask(bob, 'GET', 'status')).toBe(404)
  expect(await ask(alice, 'GET', 'status')).toBe(200)
  expect(await ask(alice, 'POST', 'cancel')).toBe(200)
  expect(await ask(bob, 'POST', 'release')).toBe(404)
  expect(await ask(alice, 'POST', 'release')).toBe(200)
  expect(await ask(alice, 'GET', 'status')).toBe(404)
})

test('what does not fit its schema is refused', async () => {
  for (const input of [{}, { input_string: 1 }, { input_string: 'x', more: true }]) {
    expect((await run(alice, 'wrong', input)).status).toBe(422)
  }
})

test('a token of its additional scope is as good as one of its own', async () => {
  const [scope = ''] = watchasay.additionalScopes
  const carol = auth.caller({ username: 'carol', scopes: [scope] })
  expect((await run(carol, 'second scope', { input_string: 'x' })).status).toBe(202)
})
