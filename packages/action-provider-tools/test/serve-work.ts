import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { type ActionProviderOptions, type ActionStatus, defineActionProvider } from '../src/index.ts'
import { type Served, serveForTest } from './served.ts'
import { storesForTest, type TestDatabase, type TestStores } from './stores.ts'

/** What work is described as, where a test says no more. */
export const description = { title: 'work', admin_contact: 'support@example.org', synchronous: false }
const input = { type: 'object' } as const
const timing = { tick: 20, poll: 50, keep: 100, sweep: 50, gather: 10 }

/** Any of the forms of work, under the namespace `work`. */
export type TestWork = Record<string, unknown> & { run?: (context: never) => unknown }

/** A provider of work that is served, with the database that another instance may share. */
export type ServedWork = Served & { database: TestDatabase }

/** Serves work on databases of one kind. Its worker looks for jobs every few milliseconds. */
export type WorkServer = {
  serve: (
    work: TestWork,
    options?: Partial<ActionProviderOptions> & {
      auth?: Served['auth']
      database?: TestDatabase
      application?: object
    },
  ) => Promise<ServedWork>
  createDatabase: () => Promise<TestDatabase>
  /** Closes what was served, the last first. */
  close: () => Promise<void>
}

/** Describes work on each kind of database, or on one alone. What a test serves is closed after it. */
export function describeWork(
  title: string,
  tests: (server: WorkServer) => void,
  only?: 'SQLite' | 'PostgreSQL',
): void {
  const kinds = storesForTest.filter(({ name }) => only === undefined || name === only)
  describe.each(kinds)(`${title}, on $name`, ({ start }) => {
    let stores: TestStores
    beforeAll(async () => {
      stores = await start()
    })
    const server = createWorkServer({ create: () => stores.create() })
    afterEach(server.close)
    afterAll(() => stores.close())
    tests(server)
  })
}

/** Serves work on databases of the kind that is given. */
function createWorkServer(stores: Pick<TestStores, 'create'>): WorkServer {
  const opened: (() => Promise<void>)[] = []
  return {
    async serve(work, options = {}) {
      const { database = await stores.create(), ...rest } = options
      const { clock } = options
      const store = await database.open(clock && { clock })
      const provider = defineActionProvider({ description, input, ...untold(work), ...work } as never)
      const served = await serveForTest(provider, { timing, shutdownGrace: 500, ...rest, store } as never)
      opened.push(served.close)
      return { ...served, database }
    },
    createDatabase: stores.create,
    async close() {
      for (const close of opened.splice(0).reverse()) await close()
    },
  }
}

/** Tests of asynchronous work look at it themselves: run tells them at once that it has begun. */
function untold({ description: own = description }: TestWork): object {
  return (own as typeof description).synchronous ? {} : { answerWithin: 0 }
}

let requests = 0

/** Starts an action as a caller. */
export async function start(
  served: Served,
  caller: { token: string },
  more: object = {},
): Promise<ActionStatus> {
  const { json, status } = await served.ask(caller, 'POST', '/p/run', {
    request_id: `${requests++}`,
    body: {},
    ...more,
  })
  expect(status).toBe(202)
  return json
}

/** Starts an action as alice. */
export async function run(
  served: Served,
  more: object = {},
): Promise<{ caller: { token: string }; action_id: string; status: ActionStatus }> {
  const caller = served.auth.caller({ username: 'alice' })
  const status = await start(served, caller, more)
  return { caller, action_id: status.action_id, status }
}

/** Asks for an action's status until it is as wanted. */
export async function untilStatus(
  served: Served,
  caller: { token: string },
  actionId: string,
  ready: (status: ActionStatus) => boolean,
): Promise<ActionStatus> {
  return eventually(async () => {
    const { json } = await served.ask(caller, 'GET', `/p/${actionId}/status`)
    return ready(json) && json
  })
}

/** Rejects with its reason when a signal aborts. */
export const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })

/** The code in an action's details. */
export const codeOf = ({ details }: ActionStatus): unknown => (details as { code?: string }).code

/** A clock that can be put forward. */
export function createClock(): { (): number; forward: (milliseconds: number) => void } {
  let offset = 0
  const clock = (): number => Date.now() + offset
  return Object.assign(clock, {
    forward: (milliseconds: number) => {
      offset += milliseconds
    },
  })
}
