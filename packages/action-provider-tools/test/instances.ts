import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { type ActionProviderOptions, defineActionProvider } from '../src/index.ts'
import { openPostgresStore } from '../src/store/postgres/store.ts'
import { type DatabaseProxy, startDatabaseProxy } from './database-proxy.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'
import { type Served, serveForTest } from './served.ts'

/** Instances that share a PostgreSQL database, and the network between, which does what networks do. */

export const description = { title: 'work', admin_contact: 'support@example.org', synchronous: false }
const input = { type: 'object' } as const
export const timing = { tick: 20, poll: 50, keep: 100, sweep: 50, gather: 10 }
export const leaseSeconds = 2

export let postgres: TestPostgres
export let proxy: DatabaseProxy
let databases = 0
export const opened: (() => Promise<void>)[] = []
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.close())
afterEach(async () => {
  proxy.silence(false)
  for (const close of opened.splice(0).reverse()) await close()
})

export type Work = Record<string, unknown> & { run: (context: never) => unknown }

/** A database that instances share, and a proxy to it. */
export async function createDatabase(): Promise<string> {
  const url = await postgres.createDatabase(`owned_${++databases}`)
  proxy = await startDatabaseProxy(url)
  opened.push(() => proxy.close())
  return url
}

export async function serve(
  url: string,
  work: Work,
  {
    lease = leaseSeconds,
    ...options
  }: Partial<ActionProviderOptions> & {
    auth?: Served['auth']
    lease?: number
  } = {},
): Promise<Served> {
  const store = await openPostgresStore(url, { leaseSeconds: lease })
  const provider = defineActionProvider({ description, input, ...work } as never)
  const served = await serveForTest(provider, { timing, shutdownGrace: 0, ...options, store } as never)
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= served.close()
    return closing
  }
  opened.push(close)
  return { ...served, close }
}

/** An instance that only records actions: their jobs wait for others. */
export const serveFront = (url: string, auth: Served['auth']): Promise<Served> =>
  serve(url, { run: () => {} }, { works: false, auth })

export type Started = { caller: { token: string }; action_id: string }

export async function run(served: Served, request_id = 'one'): Promise<Started> {
  const caller = served.auth.caller({ username: 'alice' })
  const { json, status } = await served.ask(caller, 'POST', '/p/run', { request_id, body: {} })
  expect(status).toBe(202)
  return { caller, action_id: json.action_id }
}

/** The status of an action once it is complete, by an instance that may be told so late. */
export const untilComplete = (served: Served, { caller, action_id }: Started) =>
  eventually(async () => {
    const { status, json } = await served.ask(caller, 'GET', `/p/${action_id}/status`)
    return status === 200 && json.completion_time !== undefined && json
  })

export const codesOf = async (served: Served, { caller, action_id }: Started): Promise<string[]> => {
  const { json } = await served.ask(caller, 'GET', `/p/${action_id}/log?limit=100`)
  return json.entries.map(({ code }: { code: string }) => code)
}

export async function query<Row>(url: string, text: string): Promise<Row[]> {
  const client = new Client(url)
  await client.connect()
  return (await client.query(text).finally(() => client.end())).rows as Row[]
}

export const holders = (url: string) =>
  query<{ holder: string | null; lease: number; lease_until: number | null }>(
    url,
    'SELECT holder, lease, lease_until FROM action_provider.jobs',
  )
