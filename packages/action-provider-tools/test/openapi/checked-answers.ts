/**
 * Compares what `fetch` is answered by providers with their OpenAPI documents. The setup of the tests does so in all of them.
 * What programs that tests start, such as the command line or a browser, are answered is not seen here, and neither is what
 * tests send over sockets of their own, because `fetch` would not send it.
 */
import { channel } from 'node:diagnostics_channel'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { OpenApiDocument } from '../../src/openapi/openapi-document.ts'
import { type DriftCheck, driftCheck } from './drift.ts'

type Documented = { base: URL; check: (authorization: string | null) => Promise<DriftCheck | undefined> }

const documented = new Map<string, Documented>()
const drifts: string[] = []
const pending = new Set<Promise<void>>()

/** For the few answers that are not the provider's, or not to be looked at: who asks by it says why. */
export const uncheckedFetch = globalThis.fetch

/**
 * Says that a provider is there, and answers as its document says.
 * @param document how to get that without asking the provider for it, where a test counts what is asked
 * @returns what to call when it is there no longer
 */
export function documentedAt(url: string, document?: () => Promise<OpenApiDocument>): () => void {
  const base = new URL(url)
  const key = keyOf(base)
  let made: Promise<DriftCheck | undefined> | undefined
  const check: Documented['check'] = async (authorization) => {
    made ??= (document?.() ?? fetchDocument(url, authorization)).then((found) => found && driftCheck(found))
    const known = await made
    // Another caller may see it.
    if (known === undefined) made = undefined
    return known
  }
  documented.set(key, { base, check })
  return () => void documented.delete(key)
}

/** Servers are told apart by their ports: each has several names on this machine. */
const keyOf = ({ port, pathname }: URL): string => `${port}${pathname.replace(/\/$/, '')}`

/** The document as a provider gives it; nothing where the caller may not see it, or the provider has gone. */
async function fetchDocument(
  url: string,
  authorization: string | null,
): Promise<OpenApiDocument | undefined> {
  const answer = await uncheckedFetch(`${url.replace(/\/$/, '')}/openapi.json`, {
    headers: { ...(authorization !== null && { authorization }) },
  }).catch(() => undefined)
  return answer?.ok ? ((await answer.json().catch(() => undefined)) as OpenApiDocument) : undefined
}

/**
 * The check of what is answered at a URL; none where no provider is, or the caller may not see its document. The path of an
 * exchange begins where that of the URL does.
 */
export async function checkAt(
  url: URL,
  authorization: string | null = null,
): Promise<DriftCheck | undefined> {
  for (const { base, check } of documented.values()) {
    const prefix = base.pathname.replace(/\/$/, '')
    const below = (path: string): string => path.slice(prefix.length)
    if (base.port !== url.port || !`${url.pathname}/`.startsWith(`${prefix}/`)) continue
    // The page for people, which comes with its package, is none of the provider's routes.
    if (/^\/docs($|\/)/.test(below(url.pathname))) return undefined
    const found = await check(authorization)
    return found && ((exchange) => found({ ...exchange, path: below(exchange.path) }))
  }
  return undefined
}

/** From now on `fetch` has its answers checked: `driftsFound` says what was found. Servers of this process are known by themselves. */
export function checkAnswers(): void {
  channel('fastify.initialization').subscribe((message) =>
    noteProviders((message as { fastify: FastifyInstance }).fastify),
  )
  globalThis.fetch = async (input, init) => {
    const answer = await uncheckedFetch(input, init)
    const { method = 'GET', headers } = {
      ...(input instanceof Request ? { method: input.method, headers: input.headers } : {}),
      ...init,
    }
    // Whoever asked may stop the server next, and the document is there no longer.
    const check = await checkAt(new URL(answer.url), new Headers(headers).get('authorization'))
    if (check === undefined) return answer
    const compared = compare(method, answer, check)
    pending.add(compared)
    compared.finally(() => pending.delete(compared))
    return answer
  }
}

/** Checks a copy of an answer. Who does not wait for its end has none to check. */
async function compare(method: string, answer: Response, check: DriftCheck): Promise<void> {
  const { status, headers, url } = answer
  const { pathname, search } = new URL(url)
  const isStream = headers.get('content-type') === 'text/event-stream'
  const text = isStream ? '' : await textOf(answer.clone())
  if (text === undefined) return
  try {
    check({ method, path: `${pathname}${search}`, status, headers, text })
  } catch (error) {
    drifts.push((error as Error).message)
  }
}

async function textOf(answer: Response): Promise<string | undefined> {
  try {
    return await answer.text()
  } catch {
    return undefined
  }
}

/** Notes the providers of an application, which are where its documents are. */
function noteProviders(app: FastifyInstance): void {
  const bases: string[] = []
  const forget: (() => void)[] = []
  app.addHook('onRoute', ({ method, url }) => {
    if (method === 'GET' && url.endsWith('/openapi.json')) bases.push(url.replace(/openapi\.json$/, ''))
  })
  app.addHook('onListen', async () => {
    const { port } = app.server.address() as AddressInfo
    for (const base of bases) forget.push(documentedAt(`http://127.0.0.1:${port}${base}`))
  })
  app.addHook('onClose', async () => {
    for (const gone of forget.splice(0)) gone()
  })
}

/** What was found since it was last asked, all answers that have come included. */
export async function driftsFound(): Promise<string[]> {
  await Promise.all(pending)
  return drifts.splice(0)
}
