import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { actionProvider, createApplication, openStore } from 'action-provider-tools'
import { type Action, connect } from 'action-provider-tools/client'
import { clock, type FakeCaller, fakeAuth } from 'action-provider-tools/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { approval, type Draft, type Repository } from '../src/approval.ts'
import { folderRepository } from '../src/repository.ts'

const auth = fakeAuth()
const alice = auth.caller({ username: 'alice' })
const manager = auth.caller({ username: 'bob' })
const stranger = auth.caller({ username: 'carol' })

let folder: string
let submitted: Draft[]
let repository: Repository
let close: () => Promise<void>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'approval-'))
  submitted = []
  const files = folderRepository(join(folder, 'repository'))
  repository = {
    ...files,
    submit: (draft, key) => {
      submitted.push(draft)
      return files.submit(draft, key)
    },
  }
})
afterEach(async () => {
  await close()
  await rm(folder, { recursive: true, force: true })
})

/** Serves the provider on the database of this test. */
async function serve(time = clock()): Promise<string> {
  const app = createApplication({ logger: false })
  const store = await openStore(`sqlite:${join(folder, 'actions.db')}`, { clock: time })
  app.addHook('onClose', () => store.close())
  close = () => app.close()
  const publicUrl = 'https://provider.example.org'
  const provider = approval(repository)
  await app.register(actionProvider, { prefix: '/approval', provider, auth, store, publicUrl, clock: time })
  return app.listen({ port: 0 })
}

type Outcome = { location: string }

/** Starts an action that waits for its approval. */
async function submit(url: string): Promise<Action<Outcome>> {
  const provider = connect<ReturnType<typeof approval>>(`${url}/approval`, { token: alice.token })
  const action = await provider.run({ title: 'Rainfall' }, { manage_by: [manager.urn] })
  await expect
    .poll(() => action.status(), { timeout: 20_000 })
    .toMatchObject({ status: 'ACTIVE', display_status: 'Waiting for approval' })
  return action
}

/** Sends a decision as a person with a token. */
const decide = (url: string, id: string, caller: FakeCaller, value: object): Promise<Response> =>
  fetch(`${url}/approval/actions/${id}/events/approval`, {
    method: 'POST',
    headers: { authorization: caller.authorization },
    body: JSON.stringify(value),
  })

/** Sends a decision as an outside system, to the signed URL that it was given. The provider stands behind a proxy. */
const callBack = (url: string, draft: Draft | undefined, value: object): Promise<Response> => {
  const { origin, pathname, search } = new URL(draft?.answer_at ?? '')
  expect(origin).toBe('https://provider.example.org')
  return fetch(`${url}${pathname}${search}`, { method: 'POST', body: JSON.stringify(value) })
}

const files = (): Promise<string[]> => readdir(join(folder, 'repository'))

test('a manager approves with a token, and what was submitted is published', async () => {
  const url = await serve()
  const action = await submit(url)
  expect((await decide(url, action.id, stranger, { approved: true })).status).toBe(404)
  expect((await decide(url, action.id, manager, { approved: 'yes' })).status).toBe(422)
  expect((await decide(url, action.id, manager, { approved: true })).status).toBe(200)
  const { status, details } = await action.finished()
  expect(status).toBe('SUCCEEDED')
  const location = (details as Outcome).location
  expect(JSON.parse(await readFile(location, 'utf8'))).toEqual({ title: 'Rainfall', submitted_by: 'alice' })
})

test('an outside system approves by the signed URL, without a token, once', async () => {
  const url = await serve()
  const action = await submit(url)
  const [draft] = submitted
  const forged = draft && { ...draft, answer_at: `${draft.answer_at}x` }
  expect((await callBack(url, forged, { approved: true })).status).toBe(404)
  expect((await callBack(url, draft, { approved: true })).status).toBe(200)
  expect(await action.finished()).toMatchObject({ status: 'SUCCEEDED' })
  expect((await callBack(url, draft, { approved: false })).status).toBe(409)
})

test('a refusal fails the action with its reason, and the draft is withdrawn', async () => {
  const url = await serve()
  const action = await submit(url)
  await decide(url, action.id, manager, { approved: false, reason: 'No license' })
  expect(await action.finished()).toMatchObject({
    status: 'FAILED',
    details: { code: 'Refused', description: 'No license' },
  })
  expect(await files()).toEqual([])
})

test('where nobody decides for two weeks the action fails, and the draft is withdrawn', async () => {
  const time = clock()
  const url = await serve(time)
  const action = await submit(url)
  await time.forward({ days: 13 })
  expect(await action.status()).toMatchObject({ status: 'ACTIVE' })
  await time.forward({ days: 2 })
  expect(await action.status()).toMatchObject({ status: 'FAILED', details: { code: 'WaitTimeout' } })
  expect(await files()).toEqual([])
})

test('after a restart it waits on, and does not submit again', async () => {
  const { id } = await submit(await serve())
  await close()
  const url = await serve()
  expect((await callBack(url, submitted[0], { approved: true })).status).toBe(200)
  const action = connect<ReturnType<typeof approval>>(`${url}/approval`, { token: alice.token }).action(id)
  expect(await action.finished()).toMatchObject({ status: 'SUCCEEDED' })
  expect(submitted).toHaveLength(1)
})
