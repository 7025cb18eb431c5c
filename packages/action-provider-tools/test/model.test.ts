import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { ActionFailed, type ActionStatus, type ActionStore, defineActionProvider } from '../src/index.ts'
import { fakeAuth } from '../src/testing/index.ts'
import { type Served, serveForTest } from './served.ts'
import { storesForTest, type TestDatabase, type TestStores } from './stores.ts'

/**
 * Random sequences of everything that can happen to actions, on a real server and database, beside a model of the
 * interface's "Life of an action" that is simple enough to be seen right.
 */

const HOUR = 3_600_000
const WORK = ['succeeds', 'fails', 'pauses', 'hangs'] as const
type Work = (typeof WORK)[number]

/** What the model knows of an action. */
type Modeled = {
  id: string
  label: string
  /** When it ends, as the request said it, and how far off that was then. */
  deadlineText: string
  deadlineIn: number
  work: Work
  status: ActionStatus['status']
  code?: string
  resumed: boolean
  deadline: number
  releaseAfter: number
  completedAt?: number
}
type Model = { now: number; actions: Map<string, Modeled> }

const provider = defineActionProvider({
  description: {
    title: 'modeled',
    admin_contact: 'support@example.org',
    synchronous: false,
    maximum_deadline: 'P365D',
  },
  input: {
    type: 'object',
    properties: { work: { type: 'string' } },
    required: ['work'],
  } as const,
  cancelGrace: 50,
  run: async ({ input, attempt, pause, signal, request }) => {
    if (input.work === 'succeeds') return { said: request.request_id }
    if (input.work === 'fails') throw new ActionFailed({ code: 'Meant', description: 'It was meant to fail' })
    if (input.work === 'pauses' && !resumed.has(`${request.request_id} ${request.label}`))
      pause({ code: 'Waits', description: `Run ${attempt}` })
    if (input.work === 'pauses') return { said: request.request_id }
    return new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason)),
    )
  },
})

/** The requests that were resumed, so that the work, which may run more than once, does the same each time. */
const resumed = new Set<string>()

/** Tells actions of the same request apart, once the earlier one is released. */
let generation = 0

/** The system under test: it can crash, and its clock can jump. */
class Real {
  #jumped = 0
  get now(): number {
    return Date.now() + this.#jumped
  }
  jump(milliseconds: number): void {
    this.#jumped += milliseconds
  }
  auth = fakeAuth({ clock: () => this.now })
  alice = this.auth.caller({ username: 'alice', expiresAt: this.now + 10_000 * HOUR })
  served!: Served
  store!: ActionStore
  readonly database: TestDatabase

  constructor(database: TestDatabase) {
    this.database = database
  }

  async start(): Promise<void> {
    const clock = (): number => this.now
    this.store = await this.database.open({ clock, leaseSeconds: 0.5 })
    this.served = await serveForTest(provider, {
      store: this.store,
      auth: this.auth,
      clock,
      shutdownGrace: 0,
      timing: { tick: 5, poll: 5, keep: 20, sweep: 10, gather: 2 },
    })
  }

  /** The database goes away in the middle of whatever is going on, and a new process takes over. */
  async crash(): Promise<void> {
    await this.store.close()
    await this.served.app.close()
    await this.start()
  }

  ask(method: string, path: string, body?: unknown): ReturnType<Served['ask']> {
    return this.served.ask(this.alice, method, `/p${path}`, body)
  }
}

const isComplete = ({ status }: Pick<Modeled, 'status'>): boolean =>
  status === 'SUCCEEDED' || status === 'FAILED'

function complete(model: Model, action: Modeled, status: 'SUCCEEDED' | 'FAILED', code?: string): void {
  action.status = status
  if (code === undefined) delete action.code
  else action.code = code
  action.completedAt = model.now
}

/** What the work of an action that is ACTIVE comes to. */
function work(model: Model, action: Modeled): void {
  if (action.deadline <= model.now) complete(model, action, 'FAILED', 'DeadlineExceeded')
  else if (action.work === 'succeeds' || (action.work === 'pauses' && action.resumed))
    complete(model, action, 'SUCCEEDED')
  else if (action.work === 'fails') complete(model, action, 'FAILED', 'Meant')
  else if (action.work === 'pauses') {
    action.status = 'INACTIVE'
    action.code = 'Waits'
  }
}

/** What time alone does. */
function pass(model: Model): void {
  for (const [request, action] of model.actions) {
    if (!isComplete(action) && action.deadline <= model.now)
      complete(model, action, 'FAILED', 'DeadlineExceeded')
    if (action.completedAt !== undefined && action.completedAt + action.releaseAfter <= model.now)
      model.actions.delete(request)
  }
}

/** Waits until the real system has come to rest where the model is. */
async function settle(model: Model, real: Real): Promise<void> {
  for (const action of model.actions.values()) {
    const status = await eventually(async () => {
      const { json } = await real.ask('GET', `/${action.id}/status`)
      return json.status === action.status && json
    })
    if (action.code !== undefined) expect(status.details.code).toBe(action.code)
    expect(status.completion_time !== undefined).toBe(isComplete(action))
  }
  const { json } = await real.ask('GET', '/actions?status=active,inactive,succeeded,failed')
  expect(json.map((status: ActionStatus) => status.action_id).sort()).toEqual(
    [...model.actions.values()].map(({ id }) => id).sort(),
  )
}

type Step = (model: Model, real: Real) => Promise<void>

const command = (name: string, step: Step): fc.AsyncCommand<Model, Real> => ({
  check: () => true,
  async run(model, real) {
    await step(model, real)
    await settle(model, real)
  },
  toString: () => name,
})

const runIt = (request: string, what: Work, releaseAfter: number, deadline: number) =>
  command(`run ${request} ${what} ${releaseAfter / HOUR}h ${deadline / HOUR}h`, async (model, real) => {
    const known = model.actions.get(request)
    const label = known ? known.label : `${generation++}`
    const body = {
      request_id: request,
      label,
      body: { work: what },
      release_after: releaseAfter / 1_000,
      deadline: new Date(real.now + deadline).toISOString(),
    }
    // The deadline is part of the content: a repeat says the same moment.
    if (known?.deadlineIn === deadline) body.deadline = known.deadlineText
    const { status, json } = await real.ask('POST', '/run', body)
    if (known) {
      const same = known.work === what && known.releaseAfter === releaseAfter && known.deadlineIn === deadline
      expect(status).toBe(same ? 200 : 409)
      if (status === 200) expect(json.action_id).toBe(known.id)
      return
    }
    expect(status).toBe(202)
    const action: Modeled = {
      id: json.action_id,
      label,
      deadlineText: body.deadline,
      deadlineIn: deadline,
      work: what,
      status: 'ACTIVE',
      resumed: false,
      deadline: real.now + deadline,
      releaseAfter,
    }
    model.actions.set(request, action)
    work(model, action)
  })

/** An operation on an action that the model knows, or on one that it does not. */
const on = (
  name: string,
  request: string,
  step: (model: Model, real: Real, action: Modeled) => Promise<void>,
) =>
  command(`${name} ${request}`, async (model, real) => {
    const action = model.actions.get(request)
    if (action) await step(model, real, action)
    else {
      const { status } = await real.ask('POST', `/00000000-0000-7000-8000-000000000000/${name}`)
      expect(status).toBe(404)
    }
  })

const cancel = (request: string) =>
  on('cancel', request, async (model, real, action) => {
    expect((await real.ask('POST', `/${action.id}/cancel`)).status).toBe(200)
    if (!isComplete(action)) complete(model, action, 'FAILED', 'Canceled')
  })

const resume = (request: string) =>
  on('resume', request, async (model, real, action) => {
    const inactive = action.status === 'INACTIVE'
    if (inactive) resumed.add(`${request} ${action.label}`)
    expect((await real.ask('POST', `/${action.id}/resume`)).status).toBe(inactive ? 200 : 409)
    if (!inactive) return
    action.status = 'ACTIVE'
    delete action.code
    action.resumed = true
    work(model, action)
  })

const release = (request: string) =>
  on('release', request, async (model, real, action) => {
    expect((await real.ask('POST', `/${action.id}/release`)).status).toBe(isComplete(action) ? 200 : 409)
    if (!isComplete(action)) return
    model.actions.delete(request)
    expect((await real.ask('GET', `/${action.id}/status`)).status).toBe(404)
  })

const crash = () => command('crash', (_model, real) => real.crash())

const jump = (hours: number) =>
  command(`${hours} hours pass`, async (model, real) => {
    real.jump(hours * HOUR)
    model.now = real.now
    pass(model)
  })

const request = fc.constantFrom('a', 'b', 'c')
const commands = fc.commands(
  [
    fc
      .tuple(
        request,
        fc.constantFrom(...WORK),
        fc.constantFrom(HOUR, 100 * HOUR),
        fc.constantFrom(2 * HOUR, 50 * HOUR),
      )
      .map((chosen) => runIt(...chosen)),
    request.map(cancel),
    request.map(resume),
    request.map(release),
    fc.constant(crash()),
    fc.constantFrom(1.1, 3.3, 60.7).map(jump),
  ],
  { maxCommands: 15 },
)

// Each sequence has a database of its own, which takes longer to make in PostgreSQL.
const RUNS: Record<string, number> = { SQLite: 50, PostgreSQL: 12 }

for (const { name, start } of storesForTest) {
  const runs = RUNS[name] ?? 10
  describe(`on ${name}`, () => {
    let stores: TestStores
    beforeAll(async () => {
      stores = await start()
    })
    afterAll(() => stores.close())

    test('whatever happens in whatever order, actions are as the interface says', {
      timeout: 120_000,
    }, async () => {
      await fc.assert(
        fc.asyncProperty(commands, async (sequence) => {
          const real = new Real(await stores.create())
          await real.start()
          try {
            await fc.asyncModelRun(() => ({ model: { now: real.now, actions: new Map() }, real }), sequence)
          } finally {
            await real.served.close()
          }
        }),
        { numRuns: runs },
      )
    })
  })
}
