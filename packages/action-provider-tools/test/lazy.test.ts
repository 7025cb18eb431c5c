import { afterEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { type Auth, defineActionProvider, ForbiddenRequest, type RunContext } from '../src/index.ts'
import { fakeAuth } from '../src/testing/index.ts'
import { type Served, serveForTest } from './served.ts'

const description = { title: 'lazy', admin_contact: 'support@example.org', synchronous: true }
const input = { type: 'object' } as const

/** As the query builders Kysely and Knex have it: nothing happens until somebody waits for it. */
function lazy<T>(act: () => T): Promise<T> {
  const thenable: PromiseLike<T> = {
    // biome-ignore lint/suspicious/noThenProperty: what is tested
    then: (resolved, rejected) => new Promise<T>((resolve) => resolve(act())).then(resolved, rejected),
  }
  return thenable as Promise<T>
}

let served: Served | undefined
afterEach(() => served?.close())

describe('what an author returns that runs only once it is waited for', () => {
  test('is waited for where run is a plain function of a synchronous provider, and runs once for each action', async () => {
    let runs = 0
    served = await serveForTest(
      defineActionProvider({ description, input, run: () => lazy(() => ({ runs: ++runs })) }),
    )
    const caller = served.auth.caller({ username: 'alice' })
    for (const number of [1, 2]) {
      const { json } = await served.ask(caller, 'POST', '/p/run', { request_id: `${number}`, body: {} })
      expect(json).toMatchObject({ status: 'SUCCEEDED', details: { runs: number } })
    }
    expect(runs).toBe(2)
  })

  test('fails the action where it fails', async () => {
    const run = (_: RunContext<unknown>): Promise<object> =>
      lazy((): object => {
        throw new Error('relation does not exist')
      })
    served = await serveForTest(defineActionProvider({ description, input, run: run as never }))
    const caller = served.auth.caller({ username: 'alice' })
    const { json } = await served.ask(caller, 'POST', '/p/run', { request_id: '1', body: {} })
    expect(json).toMatchObject({ status: 'FAILED', details: { code: 'ActionProviderError' } })
  })

  test('is waited for in the hooks before and after', async () => {
    const ran: string[] = []
    served = await serveForTest(
      defineActionProvider({
        description,
        input,
        run: () => ({}),
        hooks: {
          before: ({ operation }) => lazy(() => void ran.push(`before ${operation}`)),
          after: ({ operation }) => lazy(() => void ran.push(`after ${operation}`)),
        },
      }),
    )
    const caller = served.auth.caller({ username: 'alice' })
    const { json } = await served.ask(caller, 'POST', '/p/run', { request_id: '1', body: {} })
    await served.ask(caller, 'GET', `/p/${json.action_id}/status`)
    await eventually(() => ran.length === 4)
    expect(ran.filter((each) => each.startsWith('before'))).toEqual(['before run', 'before status'])
    expect(ran).toContain('after run')
    expect(ran).toContain('after status')
  })

  test('lets in and refuses where an Auth of your own returns it', async () => {
    const known = fakeAuth()
    const auth: Auth & Pick<typeof known, 'caller'> = {
      ...known,
      authenticate: (token, scopes) => lazy(() => known.authenticate(token, scopes)) as never,
    }
    const runnable_by = [known.caller({ username: 'alice' }).urn]
    const provider = defineActionProvider({
      description: { ...description, runnable_by },
      input,
      run: () => ({}),
    })
    const own = await serveForTest(provider, { auth })
    served = own as unknown as Served
    const ask = (caller: { token: string }): Promise<{ status: number }> =>
      own.ask(caller, 'POST', '/p/run', { request_id: '1', body: {} })
    expect((await ask(known.caller({ username: 'alice' }))).status).toBe(202)
    expect((await ask(known.caller({ username: 'bob' }))).status).toBe(new ForbiddenRequest('').status)
    expect((await ask({ token: 'nobody' })).status).toBe(401)
  })
})
