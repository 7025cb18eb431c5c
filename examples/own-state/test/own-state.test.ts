import { ActionConflict, ActionNotFound } from 'action-provider-tools'
import { connect, type Provider } from 'action-provider-tools/client'
import { type FakeCaller, fakeAuth } from 'action-provider-tools/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createWatchasay } from '../src/application.ts'

const auth = fakeAuth()
const [alice, bob, carol] = (['alice', 'bob', 'carol'] as const).map((username) =>
  auth.caller({ username, groups: username === 'carol' ? ['staff'] : [] }),
) as [FakeCaller, FakeCaller, FakeCaller]

let close: () => Promise<void>
let url: string
beforeAll(async () => {
  const { app } = await createWatchasay(auth, { logger: false })
  url = await app.listen({ port: 0 })
  close = () => app.close()
})
afterAll(() => close())

const as = ({ token }: FakeCaller): Provider<{ input_string: string }> =>
  connect(`${url}/skeleton`, { token })

async function ids(caller: FakeCaller, role?: 'creator_id' | 'monitor_by' | 'manage_by'): Promise<string[]> {
  const found: string[] = []
  for await (const { id } of as(caller).actions({ status: 'all', ...(role && { role }) })) found.push(id)
  return found
}

const releaseAll = async (caller: FakeCaller): Promise<void> => {
  for (const id of await ids(caller)) await as(caller).action(id).release()
}
beforeEach(() => Promise.all([releaseAll(alice), releaseAll(bob)]))

test('it says what it was told, at once', async () => {
  const { latest } = await as(alice).run({ input_string: 'hey' })
  expect(latest).toMatchObject({
    status: 'SUCCEEDED',
    details: { you_said: 'hey' },
    creator_id: alice.urn,
    release_after: 'P30D',
  })
})

describe('a request that was sent before', () => {
  test('is the same action, for this caller alone', async () => {
    const first = await as(alice).run({ input_string: 'x' }, { request_id: 'once' })
    const again = await as(alice).run({ input_string: 'x' }, { request_id: 'once' })
    const another = await as(bob).run({ input_string: 'x' }, { request_id: 'once' })
    expect(again.id).toBe(first.id)
    expect(another.id).not.toBe(first.id)
  })

  test('is answered with 200, and the first one with 202', async () => {
    const run = async (): Promise<number> => {
      const body = JSON.stringify({ request_id: 'codes', body: { input_string: 'x' } })
      const headers = { authorization: alice.authorization }
      return (await fetch(`${url}/skeleton/run`, { method: 'POST', headers, body })).status
    }
    expect([await run(), await run()]).toEqual([202, 200])
  })

  test('is a conflict where its content differs', async () => {
    await as(alice).run({ input_string: 'x' }, { request_id: 'once' })
    const other = as(alice).run({ input_string: 'y' }, { request_id: 'once' })
    await expect(other).rejects.toThrow(ActionConflict)
    await expect(other).rejects.toThrow('Request with id once already present with different parameters')
  })

  test('starts a new action once the first one was released', async () => {
    const first = await as(alice).run({ input_string: 'x' }, { request_id: 'once' })
    await first.release()
    const again = await as(alice).run({ input_string: 'y' }, { request_id: 'once' })
    expect(again.id).not.toBe(first.id)
  })
})

test('an action is its creator’s, and of those that it names', async () => {
  const lists = { monitor_by: [bob.urn], manage_by: carol.groups }
  const { id } = await as(alice).run({ input_string: 'x' }, lists)
  expect(await as(bob).action(id).status()).toMatchObject({ status: 'SUCCEEDED' })
  await expect(as(bob).action(id).release()).rejects.toThrow(ActionNotFound)
  await expect(as(carol).action(id).status()).rejects.toThrow(ActionNotFound)
  expect(await as(carol).action(id).cancel()).toMatchObject({ status: 'SUCCEEDED' })
  await as(carol).action(id).release()
  await expect(as(alice).action(id).status()).rejects.toThrow(ActionNotFound)
})

test('its actions are listed by roles and statuses, newest first, page after page', async () => {
  const mine = [await as(alice).run({ input_string: '1' }), await as(alice).run({ input_string: '2' })]
  const shared = await as(alice).run(
    { input_string: '3' },
    { monitor_by: [bob.urn], manage_by: carol.groups },
  )
  const all = [shared, ...mine.reverse()].map(({ id }) => id)
  expect(await ids(alice)).toEqual(all)
  expect(await ids(bob)).toEqual([])
  expect(await ids(bob, 'monitor_by')).toEqual([shared.id])
  expect(await ids(carol, 'manage_by')).toEqual([shared.id])

  const headers = { authorization: alice.authorization }
  const page = await fetch(`${url}/skeleton/actions?status=succeeded&limit=2`, { headers })
  expect(await page.json()).toHaveLength(2)
  const [, next = ''] = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '') ?? []
  const rest = (await (await fetch(new URL(next, page.url), { headers })).json()) as { action_id: string }[]
  expect(rest.map(({ action_id }) => action_id)).toEqual(all.slice(2))
  const failed = await fetch(`${url}/skeleton/actions?status=failed`, { headers })
  expect(await failed.json()).toEqual([])
})

describe('the routes of its author’s own', () => {
  const ask = (caller: FakeCaller, id: string, method = 'GET'): Promise<Response> =>
    fetch(`${url}/said/${id}`, { method, headers: { authorization: caller.authorization } })

  test('let in whom the provider lets in, to see and to change', async () => {
    const lists = { monitor_by: [bob.urn] }
    const { id } = await as(alice).run({ input_string: 'hey' }, lists)
    expect(await (await ask(alice, id)).json()).toEqual({ you_said: 'hey' })
    expect(await (await ask(bob, id)).json()).toEqual({ you_said: 'hey' })
    expect((await ask(carol, id)).status).toBe(404)
    expect((await ask(bob, id, 'DELETE')).status).toBe(404)
    expect(await (await ask(alice, id, 'DELETE')).json()).toEqual({ you_said: '' })
  })

  test('answer as the provider does', async () => {
    const answer = await ask(alice, 'nothing')
    expect([answer.status, await answer.json()]).toEqual([
      404,
      expect.objectContaining({ code: 'ActionNotFound' }),
    ])
    const noToken = await fetch(`${url}/said/nothing`)
    expect([noToken.status, await noToken.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'UnauthorizedRequest' }),
    ])
  })
})
