import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../../../test/eventually.ts'
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts'
import { again, succeed } from '../../../test/requests.ts'
import { ServiceUnavailable } from '../../errors.ts'
import { newAction } from '../../store-contract/actions.ts'
import type { ActionStore, Job, NewAction } from '../action-store.ts'
import { openPostgresStore } from './store.ts'

let postgres: TestPostgres
let stores: ActionStore[] = []

beforeAll(async () => {
  postgres = await startPostgres()
  stores = await Promise.all(
    [1, 2].map(() => openPostgresStore(postgres.url, { leaseSeconds: 1, poolSize: 5 })),
  )
})
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await postgres.close()
})

/** Repeats until it no longer rejects with ServiceUnavailable, and counts how often it did. */
async function insist<T>(work: () => Promise<T>, told: () => void = () => {}): Promise<T> {
  const { value } = await eventually(async () => {
    try {
      return { value: await work() }
    } catch (error) {
      if (!(error instanceof ServiceUnavailable)) throw error
      expect(error.headers['retry-after']).toBe('5')
      told()
      return undefined
    }
  })
  return value
}

/** What a crowd of callers was told while something happened to the database. */
type Account = { created: Map<string, NewAction>; completed: Set<string>; refusals: number }

/**
 * Lets callers create and complete actions until told to stop; each repeats what was refused, as callers do.
 */
function load(provider: string, callers: number): { account: Account; end: () => Promise<void> } {
  const account: Account = { created: new Map(), completed: new Set(), refusals: 0 }
  let ending = false
  const refused = (): void => {
    account.refusals++
  }
  async function call(store: ActionStore): Promise<void> {
    while (!ending) {
      const first = newAction({ provider, job: true })
      let request = first
      const creation = await insist(
        () => store.create(request),
        () => {
          refused()
          request = again(first)
        },
      )
      if (creation.outcome === 'conflict') throw new Error('A repeated request is no conflict')
      const { action_id } = creation.action
      account.created.set(action_id, request)
      await insist(
        () =>
          store.transition(provider, action_id, (action) =>
            action.status === 'ACTIVE' ? succeed(action) : undefined,
          ),
        refused,
      )
      account.completed.add(action_id)
    }
  }
  const calls = Array.from({ length: callers }, (_, index) => call(stores[index % 2] as ActionStore))
  return {
    account,
    async end() {
      ending = true
      await Promise.all(calls)
    },
  }
}

/** Everything acknowledged is there, once, and nothing else is. */
async function check(provider: string, { created, completed }: Account): Promise<void> {
  const [store] = stores as [ActionStore]
  const all = [...created].map(async ([id, request]) => {
    const action = await store.get(provider, id)
    expect(action?.status).toBe(completed.has(id) ? 'SUCCEEDED' : 'ACTIVE')
    expect(action?.version).toBe(completed.has(id) ? 2 : 1)
    expect(await store.create(again(request))).toMatchObject({
      outcome: 'repeated',
      action: { action_id: id },
    })
  })
  await Promise.all(all)
  const { actions, waiting } = await store.count(provider)
  expect(actions.SUCCEEDED + actions.ACTIVE).toBe(created.size)
  expect(waiting).toBe(actions.ACTIVE)
}

describe('under load', () => {
  test('connections that are cut lose and double nothing', async () => {
    const { account, end } = load('cut', 24)
    for (let round = 1; round <= 5; round++) {
      const before = account.completed.size
      await eventually(() => account.completed.size >= before + 50)
      await postgres.terminateConnections()
    }
    await end()
    expect(account.refusals).toBeGreaterThan(0)
    await check('cut', account)
  })

  test('a server that goes and comes back answers 503 meanwhile', async () => {
    const { account, end } = load('restart', 24)
    await eventually(() => account.completed.size >= 50)
    await postgres.stop()
    for (const store of stores) {
      await expect(store.ping()).rejects.toBeInstanceOf(ServiceUnavailable)
      await expect(store.get('restart', newAction({ provider: 'x' }).action_id)).rejects.toBeInstanceOf(
        ServiceUnavailable,
      )
      await expect(store.create(newAction({ provider: 'x' }))).rejects.toBeInstanceOf(ServiceUnavailable)
      await expect(store.takeJobs('x', 'one', 1)).rejects.toBeInstanceOf(ServiceUnavailable)
    }
    await postgres.start()
    const before = account.completed.size
    await eventually(() => account.completed.size >= before + 50)
    await end()
    await check('restart', account)
  })
})

test('a database that becomes read-only answers 503, and is as before afterwards', async () => {
  const [store] = stores as [ActionStore]
  const request = newAction({ provider: 'read-only' })
  await insist(() => store.create(request))
  const attempts: (() => Promise<unknown>)[] = [
    () => store.ping(),
    () => store.create(newAction({ provider: 'read-only' })),
    () => store.transition('read-only', request.action_id, () => ({ attempt: 1 })),
    () => store.sweepReleased(Date.now(), 1),
  ]
  await postgres.set('default_transaction_read_only', 'on')
  for (const attempt of attempts) {
    const refused = (error: unknown): boolean => error instanceof ServiceUnavailable
    await eventually(() => attempt().then(() => false, refused))
  }
  expect(await store.get('read-only', request.action_id)).toMatchObject({ attempt: 0 })
  await postgres.set('default_transaction_read_only', 'off')
  for (const attempt of attempts) await insist(attempt)
})

test('what happens is told to other instances, also after the connection that listens was cut', async () => {
  const [one, other] = stores as [ActionStore, ActionStore]
  const heard: string[] = []
  const stop = other.subscribe('told', (event) =>
    heard.push(event.kind === 'cancel' ? `cancel ${event.action_id}` : 'job'),
  )
  const request = newAction({ provider: 'told', job: true })
  await insist(() => one.create(request))
  const cancel = async (at: number): Promise<void> => {
    await insist(() => one.transition('told', request.action_id, () => ({ cancel_requested_at: at })))
  }
  for (const _round of [1, 2]) {
    heard.length = 0
    // The listener may still be connecting: what is missed once is told the next time.
    let at = 0
    await eventually(async () => {
      await cancel(++at)
      return heard.includes(`cancel ${request.action_id}`)
    })
    await postgres.terminateConnections()
  }
  stop()
  heard.length = 0
  await cancel(0)
  expect(heard).toEqual([])
})

test('an instance that is killed loses its job to another, and not before its lease is over', async () => {
  const [store] = stores as [ActionStore]
  const request = newAction({ provider: 'killed', job: true })
  await insist(() => store.create(request))
  const holder = spawn(
    process.execPath,
    [
      '--conditions=source',
      fileURLToPath(new URL('../../../test/job-holder.ts', import.meta.url)),
      postgres.url,
      'killed',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [held] = JSON.parse(await firstLine(holder)) as Job[]
  if (held?.action_id !== request.action_id) throw new Error('It took another job')
  // It keeps its job for longer than a lease.
  for (const end = Date.now() + 1_500; Date.now() < end; await sleep(100)) {
    expect(await store.takeJobs('killed', 'other', 1)).toEqual([])
  }
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const taken = await eventually(async () => {
    const jobs = await store.takeJobs('killed', 'other', 1)
    return jobs.length > 0 && jobs
  })
  expect(taken).toEqual([{ action_id: request.action_id, lease: held.lease + 1 }])
  expect(await store.keepJobs('killed', 'holder', [held])).toEqual({ lost: [request.action_id] })
  expect(await store.keepJobs('killed', 'other', taken)).toEqual({ lost: [] })
})

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('The process says nothing')
  const [line] = (await once(createInterface(stdout), 'line')) as [string]
  return line
}
