import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { eventually } from '../../../../test/eventually.ts'
import {
  ActionConflict,
  ActionNotFound,
  connect,
  ForbiddenRequest,
  InvalidArgument,
  NotFound,
  RequestValidationError,
  type Status,
  UnauthorizedRequest,
  UnexpectedAnswer,
} from '../../src/client/index.ts'
import { ActionFailed, defineActionProvider } from '../../src/index.ts'
import type { FakeCaller } from '../../src/testing/index.ts'
import { type Served, serveForTest } from '../served.ts'
import { all } from './listening.ts'

const description = { title: 'Echo', admin_contact: 'me@example.org', synchronous: true } as const

const echo = defineActionProvider({
  description: { ...description, visible_to: ['public'] },
  input: {
    type: 'object',
    properties: { text: { type: 'string' } },
    required: ['text'],
    additionalProperties: false,
  },
  run: ({ input }) => ({ you_said: input.text }),
})

/** Works in steps that the tests let it take. */
const gates = new Map<string, (next: 'go on' | 'pause' | 'fail') => void>()
const steps = defineActionProvider({
  description: { ...description, title: 'Steps', synchronous: false },
  input: z.object({ name: z.string() }),
  concurrency: 500,
  run: async ({ input, progress, log, pause, attempt, signal }) => {
    log('Began', `Attempt ${attempt}`, { attempt })
    progress({ attempt }, `Attempt ${attempt}`)
    const next = await new Promise<string>((resolve) => {
      gates.set(input.name, resolve)
      signal.addEventListener('abort', () => resolve('go on'))
    })
    if (next === 'pause') pause({ code: 'Asleep', description: 'Wake me' })
    if (next === 'fail') throw new ActionFailed({ code: 'NoLuck', description: 'It did not work' })
    for (let line = 1; line <= 120; line++) log('Line', String(line))
    return { attempts: attempt }
  },
})

let served: Served
let alice: FakeCaller
let bob: FakeCaller
beforeAll(async () => {
  served = await serveForTest([echo, steps])
  alice = served.auth.caller({ username: 'alice' })
  bob = served.auth.caller({ username: 'bob' })
})
afterAll(() => served.close())

const asAlice = () => connect<typeof echo>(`${served.url}/p`, { token: alice.token })
const stepsOf = (caller = alice) => connect<typeof steps>(`${served.url}/p2`, { token: caller.token })
/** Lets work go on, once it has got to where it waits. */
async function step(name: string, next: 'go on' | 'pause' | 'fail'): Promise<void> {
  const open = await eventually(() => gates.get(name))
  gates.delete(name)
  open(next)
}

describe('a provider', () => {
  test('is introspected by anybody where it is public, and else with the token', async () => {
    expect(await connect(`${served.url}/p/`).introspect()).toMatchObject({
      title: 'Echo',
      types: ['ACTION'],
      globus_auth_scope: served.auth.scope,
    })
    await expect(connect(`${served.url}/p2`).introspect()).resolves.toMatchObject({ title: 'Steps' })
  })
  test('shows its OpenAPI document as it shows its description', async () => {
    const paths = { '/run': expect.anything() }
    expect(await connect(`${served.url}/p`).openapi()).toMatchObject({ openapi: '3.1.0', paths })
    const hidden = defineActionProvider({
      description: { ...description, visible_to: [alice.urn] },
      input: { type: 'object' },
      run: () => ({}),
    })
    const { url, close } = await serveForTest(hidden, { auth: served.auth })
    await expect(connect(`${url}/p`).openapi()).rejects.toThrow(UnauthorizedRequest)
    await expect(connect(`${url}/p`, { token: bob.token }).openapi()).rejects.toThrow(ForbiddenRequest)
    expect(await connect(`${url}/p`, { token: alice.token }).openapi()).toMatchObject({ paths })
    await close()
    await expect(connect(`${served.url}/nowhere`).openapi()).rejects.toThrow(NotFound)
  })
  test('runs an action with all that a request may hold', async () => {
    const action = await asAlice().run(
      { text: 'hey' },
      { label: 'nightly', monitor_by: [bob.urn], release_after: 3600, request_id: 'given' },
    )
    expect(action.latest).toMatchObject({
      action_id: action.id,
      status: 'SUCCEEDED',
      details: { you_said: 'hey' },
      creator_id: alice.urn,
      label: 'nightly',
      monitor_by: [bob.urn],
      release_after: 'PT1H',
    })
    const again = await asAlice().run(
      { text: 'hey' },
      { label: 'nightly', monitor_by: [bob.urn], release_after: 3600, request_id: 'given' },
    )
    expect(again.id).toBe(action.id)
    const bobs = connect(`${served.url}/p/run`, { token: bob.token }).action(action.id)
    expect(await bobs.status()).toEqual(action.latest)
    expect(bobs.latest).toEqual(action.latest)
  })
  test('lists actions, page by page', async () => {
    const provider = stepsOf(served.auth.caller({ username: 'carol' }))
    const started: string[] = []
    for (let count = 0; count < 103; count++)
      started.push((await provider.run({ name: `listed ${count}` }, { monitor_by: [bob.urn] })).id)
    await (await provider.action(started[0] as string)).cancel()
    const active = await all(provider.actions())
    expect(active.map(({ id }) => id).reverse()).toEqual(started.slice(1))
    expect(await all(provider.actions({ status: 'all' }))).toHaveLength(103)
    expect(await all(provider.actions({ status: ['FAILED', 'succeeded'] }))).toMatchObject([
      { id: started[0], latest: { status: 'FAILED', details: { code: 'Canceled' } } },
    ])
    expect(await all(stepsOf(bob).actions({ role: 'monitor_by' }))).toHaveLength(102)
    expect(await all(stepsOf(bob).actions({ status: 'all', role: ['creator_id'] }))).toHaveLength(0)
  })
})

describe('an action', () => {
  test('is followed to its end', async () => {
    const provider = stepsOf()
    const action = await provider.run({ name: 'followed' })
    const heard: Status[] = []
    const finished = action.finished({ onProgress: (status) => heard.push(status) })
    await eventually(() => heard.some(({ display_status }) => display_status === 'Attempt 1'))
    await step('followed', 'go on')
    expect(await finished).toMatchObject({ status: 'SUCCEEDED', details: { attempts: 1 } })
    expect(action.latest).toEqual(heard.at(-1))
    expect(new Set(heard.map((status) => JSON.stringify(status))).size).toBe(heard.length)
  })
  test('tells how it failed', async () => {
    const action = await stepsOf().run({ name: 'failing' })
    await step('failing', 'fail')
    expect(await action.finished()).toMatchObject({ status: 'FAILED', details: { code: 'NoLuck' } })
  })
  test('that waits for its caller is followed to there, resumed, and followed on', async () => {
    const action = await stepsOf().run({ name: 'resumed' })
    const through = action.finished({ throughInactive: true })
    await step('resumed', 'pause')
    expect(await action.finished()).toMatchObject({ status: 'INACTIVE', details: { code: 'Asleep' } })
    expect(await action.resume()).toMatchObject({ status: 'ACTIVE' })
    await expect(action.resume()).rejects.toThrow(ActionConflict)
    await step('resumed', 'go on')
    expect(await action.finished()).toMatchObject({ status: 'SUCCEEDED', details: { attempts: 2 } })
    expect(await through).toMatchObject({ status: 'SUCCEEDED' })
  })
  test('is canceled and released', async () => {
    const action = await stepsOf().run({ name: 'canceled' })
    await expect(action.release()).rejects.toThrow(ActionConflict)
    await eventually(() => gates.get('canceled'))
    await action.cancel()
    expect(await action.finished()).toMatchObject({ status: 'FAILED', details: { code: 'Canceled' } })
    expect(await action.release()).toMatchObject({ status: 'FAILED' })
    await expect(action.status()).rejects.toThrow(ActionNotFound)
    await expect(action.finished()).resolves.toMatchObject({ status: 'FAILED' })
  })
  test('gives its log whole, and as it comes', async () => {
    const action = await stepsOf().run({ name: 'logged' })
    const told: string[] = []
    const onProgress = ({ status }: Status) => told.push(status)
    const followed = all(action.log({ follow: true, onProgress }))
    await eventually(async () => (await all(action.log())).length === 1)
    await step('logged', 'go on')
    const entries = await followed
    expect(entries.map(({ code, description }) => `${code} ${description}`)).toEqual([
      'Began Attempt 1',
      ...Array.from({ length: 120 }, (_, index) => `Line ${index + 1}`),
    ])
    expect(entries[0]?.details).toEqual({ attempt: 1 })
    expect(told.at(-1)).toBe('SUCCEEDED')
    expect(await all(action.log())).toEqual(entries)
    expect(await all(action.log({ newestFirst: true }))).toEqual(entries.toReversed())
    expect(await all(action.log({ until: entries[0]?.time as string }))).toEqual(
      entries.filter(({ time }) => time <= (entries[0]?.time as string)),
    )
    for await (const entry of action.log()) {
      expect(entry.code).toBe('Began')
      break
    }
  })
  test('is no longer followed once the signal aborts, and goes on', async () => {
    const action = await stepsOf().run({ name: 'left' })
    const stop = new AbortController()
    const reason = new Error('Enough')
    await expect(action.finished({ signal: stop.signal, onProgress: () => stop.abort(reason) })).rejects.toBe(
      reason,
    )
    expect(await action.status()).toMatchObject({ status: 'ACTIVE' })
    await expect(action.status({ signal: stop.signal })).rejects.toBe(reason)
  })
})

test('what repeats an earlier request says so', async () => {
  const first = await asAlice().run({ text: 'once' }, { request_id: 'again' })
  const second = await asAlice().run({ text: 'once' }, { request_id: 'again' })
  expect([second.id, first.repeated, second.repeated]).toEqual([first.id, false, true])
  expect(asAlice().action(first.id).repeated).toBeUndefined()
})

test('answers are read as a program wants, such as one that keeps numbers that no double holds', async () => {
  const parse = (text: string): unknown => JSON.parse(text.replace('"12345678901234567890"', '"a large one"'))
  const provider = connect(`${served.url}/p`, { token: alice.token, parse })
  const { latest } = await provider.run({ text: '12345678901234567890' })
  expect(latest?.details).toEqual({ you_said: 'a large one' })
})

describe('errors', () => {
  test('are the classes of the interface', async () => {
    const provider = asAlice()
    await expect(provider.run({} as { text: string })).rejects.toMatchObject({
      constructor: RequestValidationError,
      code: 'RequestValidationError',
      status: 422,
      message: expect.stringContaining('text'),
    })
    const first = await provider.run({ text: 'one' }, { request_id: 'twice' })
    await expect(provider.run({ text: 'two' }, { request_id: 'twice' })).rejects.toThrow(ActionConflict)
    const bobs = connect(`${served.url}/p`, { token: bob.token }).action(first.id)
    await expect(bobs.status()).rejects.toThrow(ActionNotFound)
    await expect(provider.action('no-such').cancel()).rejects.toThrow(ActionNotFound)
    await expect(connect(`${served.url}/nowhere`).introspect()).rejects.toThrow(NotFound)
    await expect(all(first.log())).rejects.toThrow(NotFound)
    await expect(connect(`${served.url}/p`, { token: 'no-token' }).run({})).rejects.toMatchObject({
      constructor: UnauthorizedRequest,
      headers: { 'www-authenticate': expect.stringContaining('Bearer') },
    })
    const scopeless = served.auth.caller({ username: 'dave', scopes: [] })
    await expect(connect(`${served.url}/p`, { token: scopeless.token }).run({})).rejects.toThrow(
      ForbiddenRequest,
    )
  })
  test('say what is wrong with what a program gave, before anything is sent', () => {
    for (const url of ['example.org', 'ftp://example.org', 'https://me:secret@example.org/'])
      expect(() => connect(url)).toThrow(InvalidArgument)
    for (const id of ['', '.', '..']) expect(() => asAlice().action(id)).toThrow(InvalidArgument)
  })
  test('keep a token from who could read it on the way, and out of messages', async () => {
    for (const url of ['http://example.org/p', `http://127.0.0.1.example.org/p`]) {
      await expect(connect(url, { token: 'secret' }).run({})).rejects.toThrow(/https/)
    }
    const odd = connect(`${served.url}/p`, { token: 'sec\nret' }).run({})
    await expect(odd).rejects.toThrow(InvalidArgument)
    await expect(odd).rejects.not.toThrow(/sec/)
  })
})

describe('schemas', () => {
  const input = z.object({ text: z.string() })
  test('refuse an input before it is sent', async () => {
    const provider = connect(`${served.url}/nowhere`, { token: alice.token, input })
    await expect(provider.run({ text: 1 as unknown as string })).rejects.toMatchObject({
      constructor: RequestValidationError,
      message: expect.stringContaining("'$.text'"),
    })
  })
  test('read the details of what succeeded', async () => {
    const details = z.object({ you_said: z.string().transform((text) => text.length) })
    const provider = connect(`${served.url}/p`, { token: alice.token, input, details })
    const action = await provider.run({ text: 'four' })
    expect(action.latest?.details).toEqual({ you_said: 4 })
    expect(await action.status()).toMatchObject({ details: { you_said: 4 } })
    const wrong = connect(`${served.url}/p`, { token: alice.token, details: z.object({ x: z.int() }) })
    await expect(wrong.action(action.id).status()).rejects.toThrow(UnexpectedAnswer)
  })
})
