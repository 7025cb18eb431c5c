import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type ActionProvider, actionProvider, createApplication, openStore } from 'action-provider-tools'
import { fakeAuth } from 'action-provider-tools/testing'
import { asDescription, checkProvider } from '../../src/check/check-provider.ts'
import { inputsOf } from '../../src/check/inputs.ts'
import type { Report } from '../../src/check/report.ts'

/** A request on its way to a provider, and its answer on the way back. */
export type Asked = { method: string; url: string; headers: IncomingMessage['headers']; body: Buffer }
export type Answered = { status: number; headers: Record<string, string>; body: string }

/** What a fault does to either. A `before` that gives an answer lets the provider see nothing. */
export type Tamper = {
  before?: (asked: Asked) => Asked | Answered
  after?: (answered: Answered, asked: Asked) => Answered | Promise<Answered>
}

/** A provider of this project's library behind a server that tampers with what it takes and gives. */
export type Tampered = {
  url: string
  alice: string
  bob: string
  /** How many actions are there, of anybody. */
  actions(): Promise<number>
  close(): Promise<void>
}

export async function tampered(provider: ActionProvider, tampers: readonly Tamper[]): Promise<Tampered> {
  const auth = fakeAuth()
  const alice = auth.caller({ username: 'alice' })
  const bob = auth.caller({ username: 'bob' })
  const store = await openStore('sqlite::memory:')
  const app = createApplication({ logger: { level: 'silent' } })
  await app.register(actionProvider, { prefix: '/tried', provider, auth, store })
  await app.ready()

  const pass = async (asked: Asked): Promise<Answered> => {
    const { 'content-length': _, ...headers } = asked.headers
    const {
      statusCode,
      headers: given,
      payload,
    } = await app.inject({
      ...{ method: asked.method as 'GET', url: asked.url, headers },
      ...(asked.body.length > 0 && { payload: asked.body }),
    })
    const kept = Object.entries(given).filter(([name]) => !/^(content-length|connection|date)$/.test(name))
    return { status: statusCode, headers: Object.fromEntries(kept) as Record<string, string>, body: payload }
  }

  const server = createServer(async (request, response) => {
    let asked: Asked | Answered = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: await buffer(request),
    }
    const first = asked
    for (const { before } of tampers) if (before && 'method' in asked) asked = before(asked)
    let answered = 'method' in asked ? await pass(asked) : asked
    for (const { after } of tampers) answered = (await after?.(answered, first)) ?? answered
    response.writeHead(answered.status, answered.headers).end(answered.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tried`,
    alice: alice.token,
    bob: bob.token,
    async actions() {
      let count = 0
      for (const { authorization } of [alice, bob]) {
        const url = '/tried/actions?status=active,inactive,succeeded,failed'
        count += (await app.inject({ url, headers: { authorization } })).json().length
      }
      return count
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await app.close()
      await store.close()
    },
  }
}

/** Checks a provider as the command does, and adds how many of its actions were left behind. */
export async function checked(
  provider: ActionProvider,
  tampers: readonly Tamper[],
  given: { body?: unknown; patience?: number; alone?: boolean; only?: string[] } = {},
): Promise<Report & { remaining: number }> {
  const { url, alice, bob, actions, close } = await tampered(provider, tampers)
  try {
    const description = asDescription(await (await fetch(url)).json().catch(() => undefined))
    const { input, unfit, unusable } = await inputsOf(description.input_schema, given.body)
    const report = await checkProvider({
      ...{ url: new URL(url), description, input, unfitInput: unfit, unusableSchema: unusable, token: alice },
      ...(given.alone !== true && { otherToken: bob }),
      ...(given.patience !== undefined && { patience: given.patience }),
      ...(given.only && { only: given.only }),
      timeLimit: 120_000,
    })
    return { ...report, remaining: await actions() }
  } finally {
    await close()
  }
}

/** The ids of the checks that failed. */
export function named({ results }: Report): string[] {
  return results.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id)
}

/** A fault of the documents that a provider answers with. */
export function inDocuments(change: (document: Record<string, unknown>) => unknown): Tamper {
  const changed = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(changed) : isStatus(value) ? change(value) : value
  return {
    after: (answered) =>
      answered.status < 300 && answered.body !== ''
        ? { ...answered, body: JSON.stringify(changed(JSON.parse(answered.body))) }
        : answered,
  }
}

/** A fault of what answers some requests. */
export function answering(
  when: (asked: Asked, answered: Answered) => boolean,
  instead: (answered: Answered, asked: Asked) => Answered,
): Tamper {
  return { after: (answered, asked) => (when(asked, answered) ? instead(answered, asked) : answered) }
}

/** A fault of how requests are understood. */
export function reading(
  when: (asked: Asked) => boolean,
  instead: (asked: Asked) => Asked | Answered,
): Tamper {
  return { before: (asked) => (when(asked) ? instead(asked) : asked) }
}

export const html = (status: number): Answered => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html><title>${status}</title>`,
})

export const json = (status: number, document: unknown): Answered => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(document),
})

function isStatus(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && 'action_id' in value
}
