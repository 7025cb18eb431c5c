import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../../../../test/eventually.ts'
import { startPostgres, type TestPostgres } from '../../../test/postgres.ts'
import { newAction } from '../../store-contract/actions.ts'
import type { ActionStore } from '../action-store.ts'
import { openPostgresStore } from './store.ts'

/** So long that nothing in a test takes a part of it that counts. */
const leaseSeconds = 3_600

let postgres: TestPostgres
let url: string
let databases = 0
let time: number
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.close())
beforeEach(async () => {
  url = await postgres.createDatabase(`contact_${++databases}`)
  time = Date.now()
})

async function open(): Promise<ActionStore> {
  const store = await openPostgresStore(url, { leaseSeconds, clock: () => time })
  onTestFinished(() => store.close())
  return store
}

async function query<Row>(text: string): Promise<Row[]> {
  const client = new Client(url)
  await client.connect()
  return (await client.query(text).finally(() => client.end())).rows as Row[]
}

/** Since when the instances have reached the database, as it says itself. */
const since = async (): Promise<number | undefined> =>
  (await query<{ since: number }>('SELECT since FROM action_provider.contact'))[0]?.since

/** A job whose lease is over by the clock of the store. */
async function abandon(): Promise<string> {
  const store = await open()
  const action = newAction({ provider: 'p', job: true })
  await store.create(action)
  expect(await store.takeJobs('p', 'gone', 1)).toHaveLength(1)
  await eventually(async () => (await since()) !== undefined)
  await store.close()
  time += leaseSeconds * 1_000 + 1
  return action.action_id
}

test('an instance that has just started takes over at once what has had no holder for a lease in which others reached the database', async () => {
  const action_id = await abandon()
  await query('UPDATE action_provider.contact SET since = 0')
  const store = await open()
  await eventually(async () => {
    const [job] = await store.takeJobs('p', 'new', 1)
    return job?.action_id === action_id
  })
})

test('where the database was reached for less than a lease nothing is taken over', async () => {
  await abandon()
  const store = await open()
  await eventually(async () => (await query('SELECT FROM action_provider.contact WHERE seen > since')).length)
  expect(await store.takeJobs('p', 'new', 1)).toEqual([])
})

test('after an outage, or where its clock jumped, the lease counts anew', async () => {
  await abandon()
  for (const jump of [-leaseSeconds, leaseSeconds]) {
    await query(`UPDATE action_provider.contact SET since = 0, seen = seen + ${jump * 500}`)
    const store = await open()
    await eventually(async () => ((await since()) ?? 0) > 0)
    expect(await store.takeJobs('p', 'new', 1)).toEqual([])
  }
})
