import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { eventually } from '../../../test/eventually.ts'
import {
  type ActionProvider,
  type ActionProviderOptions,
  type ActionStatus,
  type ActionStore,
  type Auth,
  actionProvider,
  createApplication,
  openStore,
} from '../src/index.ts'
import { type FakeAuth, fakeAuth } from '../src/testing/index.ts'
import { documentedAt } from './openapi/checked-answers.ts'
import { documentOf } from './openapi/drift.ts'

/** What a server answered. `json` is whatever document it sent, `undefined` where that was none. */
// biome-ignore lint/suspicious/noExplicitAny: an answer may be any document, and a test says which it expects
export type Answer = { status: number; headers: Headers; json: any; text: string }

/** A provider that listens, over a database of its own. */
export type Served<A extends Auth = FakeAuth> = {
  url: string
  app: FastifyInstance
  store: ActionStore
  auth: A
  /** Asks as a caller, or as nobody. */
  ask: (
    caller: { token: string } | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>
  close: () => Promise<void>
}

/** Serves providers at `/p` (and `/p2`, …) on a free port. */
export async function serveForTest<A extends Auth = FakeAuth>(
  providers: ActionProvider | ActionProvider[],
  options: Partial<Omit<ActionProviderOptions, 'provider' | 'auth'>> & {
    auth?: A
    databaseUrl?: string
    application?: Parameters<typeof createApplication>[0]
    /** What an author adds to the application before their providers. */
    prepare?: (app: FastifyInstance) => void
  } = {},
): Promise<Served<A>> {
  const { auth = fakeAuth() as unknown as A, databaseUrl, application, prepare, ...rest } = options
  const { store, drop } = options.store
    ? { store: options.store, drop: async () => {} }
    : await temporaryStore(databaseUrl)
  const app = createApplication({ logger: { level: 'silent' }, ...application })
  prepare?.(app)
  const served = [providers]
    .flat()
    .map((provider, index) => ({ provider, prefix: index === 0 ? '/p' : `/p${index + 1}` }))
  for (const { provider, prefix } of served) {
    await app.register(actionProvider, { prefix, provider, auth, store, ...rest })
  }
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  for (const { provider, prefix } of served) {
    documentedAt(`${url}${prefix}`, () => documentOf(app, provider, auth))
  }
  return {
    url,
    app,
    store,
    auth,
    async ask(caller, method, path, body, headers = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { ...(caller && { authorization: `Bearer ${caller.token}` }), ...headers },
        ...(body !== undefined && {
          body:
            typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
        }),
      })
      const text = await response.text()
      const { status, headers: received } = response
      const isJson = received.get('content-type')?.startsWith('application/json')
      return {
        status,
        headers: received,
        text,
        json: isJson ? JSON.parse(text) : undefined,
      }
    },
    async close() {
      await app.close()
      await store.close()
      await drop()
    },
  }
}

async function temporaryStore(
  databaseUrl: string | undefined,
): Promise<{ store: ActionStore; drop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'action-provider-'))
  return {
    store: await openStore(databaseUrl ?? `sqlite:${join(folder, 'actions.db')}`),
    drop: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Asks for the status of an action until it is no longer ACTIVE. */
export async function untilSettled(
  served: Served,
  caller: { token: string },
  actionId: string,
  prefix = '/p',
): Promise<ActionStatus> {
  return eventually(async () => {
    const { json } = await served.ask(caller, 'GET', `${prefix}/${actionId}/status`)
    return json.status !== 'ACTIVE' && json
  })
}
