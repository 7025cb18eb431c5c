/**
 * Sends generated requests to a listening server: none may be answered with what the OpenAPI documents of its providers do not
 * say, none may end it, and its memory may not grow.
 */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  arbitraryRequest,
  type HttpRequest,
  type Known,
} from '../../packages/action-provider-tools/test/arbitrary-request.ts'
import { documentedAt } from '../../packages/action-provider-tools/test/openapi/checked-answers.ts'
import { DOCUMENTED_CODES, sendRequest } from '../../packages/action-provider-tools/test/send-request.ts'
import { readArguments } from '../read-arguments.ts'
import { mebibytes, startWatched } from '../watched.ts'
import { createCoverage } from './coverage.ts'
import type { Fuzzed } from './server.ts'

const { values } = readArguments(
  'npm run test:fuzz -- [--requests N] [--seed N]',
  {
    options: {
      requests: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: `${Date.now() % 0x7fffffff}` },
    },
  },
  ({ values: { requests, seed } }) =>
    Number(requests) > 0 && Number.isInteger(Number(requests)) && Number.isInteger(Number(seed)),
)
const requests = Number(values.requests)
const seed = Number(values.seed)

const BATCH = 500
const CONNECTIONS = 32
/** How much the heap may grow after the first tenth of the requests, in bytes: what caches and V8 vary by. */
const GROWTH = 8 * 1024 * 1024
/** From how many requests on so much must have been come upon. */
const ENOUGH = 20_000
const LEAST_COVERAGE = 60

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const folder = await mkdtemp(join(tmpdir(), 'fuzz-'))
const server = await startWatched<Fuzzed>(new URL('./server.ts', import.meta.url), {
  DATABASE_URL: `sqlite:${join(folder, 'actions.db')}`,
})
const { port, tokens } = server.info
for (const prefix of ['/p', '/p2']) documentedAt(`http://127.0.0.1:${port}${prefix}`)
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
const coverage = createCoverage()
const problems: string[] = []

type Answer = { status: number; text: string }

const send = (request: HttpRequest): Promise<Answer> =>
  sendRequest(`http://127.0.0.1:${port}`, agent, request)

/**
 * Sends what is no more than nearly HTTP: whatever is answered is HTTP all the same. It is not compared with the documents, because
 * which request it answers cannot be told.
 */
async function sendBytes(bytes: Uint8Array): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  socket.end(bytes)
  let text = ''
  for await (const chunk of socket.setEncoding('latin1')) text += chunk
  if (text !== '' && !text.startsWith('HTTP/1.1 '))
    throw new Error(`An answer that is no HTTP: ${text.slice(0, 100)}`)
}

/** What is wrong with an answer, in words. */
function problemOf({ method }: HttpRequest, { status, text }: Answer): string | undefined {
  if (!DOCUMENTED_CODES.has(status)) return `answered ${status}: ${text.slice(0, 200)}`
  if (method === 'HEAD' || status === 204) return undefined
  try {
    const document = JSON.parse(text)
    if (status < 400) return undefined
    const { code, description, ...more } = document
    const sound =
      typeof code === 'string' && typeof description === 'string' && Object.keys(more).length === 0
    return sound ? undefined : `no error document: ${text.slice(0, 200)}`
  } catch {
    return `no JSON: ${text.slice(0, 200)}`
  }
}

/** Actions of each kind to ask about, since requests before have changed and released those that there were. */
async function freshActions(batch: number): Promise<string[]> {
  const ids: string[] = []
  for (const prefix of ['/p', '/p2']) {
    for (const token of tokens.slice(0, 2)) {
      const body = JSON.stringify({ request_id: `known ${batch}`, body: { input_string: 'x' } })
      const { text } = await send({
        method: 'POST',
        path: `${prefix}/run`,
        headers: { authorization: `Bearer ${token}` },
        body,
      })
      ids.push(JSON.parse(text).action_id)
    }
  }
  return ids
}

/** A request as bytes, some of which are not as they should be. */
function mutated(
  { method, path, headers, body = '' }: HttpRequest,
  changes: readonly [number, number][],
): Uint8Array {
  const head = Object.entries({ host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  const start = Buffer.from(
    `${method} ${path} HTTP/1.1\r\n${head.join('')}content-length: ${body.length}\r\n\r\n`,
  )
  const bytes = Buffer.concat([start, Buffer.from(body)])
  for (const [at, value] of changes) bytes[at % start.length] = value
  return bytes
}

async function runBatch(batch: number, size: number): Promise<void> {
  const known: Known = { tokens, actionIds: await freshActions(batch) }
  const arbitrary = fc.oneof(arbitraryRequest('/p', known), arbitraryRequest('/p2', known))
  const generated = fc.sample(arbitrary, { numRuns: size, seed: seed + batch })
  const broken = fc.sample(
    fc.tuple(arbitrary, fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { minLength: 1, maxLength: 4 })),
    { numRuns: Math.ceil(size / 100), seed: seed - batch },
  )
  const report = (what: string, request: unknown): void =>
    void problems.push(`${what}\n  batch ${batch}: ${JSON.stringify(request).slice(0, 1_000)}`)
  let next = 0
  const worker = async (): Promise<void> => {
    for (let request = generated[next++]; request !== undefined; request = generated[next++]) {
      try {
        const answer = await send(request)
        coverage.count(request, answer)
        const problem = problemOf(request, answer)
        if (problem !== undefined) report(problem, request)
      } catch (error) {
        report(String(error), request)
      }
    }
  }
  const bytes = async (): Promise<void> => {
    for (const [request, changes] of broken) {
      await sendBytes(mutated(request, changes)).catch((error) => report(String(error), request))
    }
  }
  await Promise.all([bytes(), ...Array.from({ length: CONNECTIONS }, worker)])
}

const begun = performance.now()
let sent = 0
let early: Awaited<ReturnType<typeof server.memory>> | undefined
try {
  say(`Seed ${seed}, ${requests} requests`)
  for (let batch = 0; sent < requests && problems.length < 10; batch++) {
    const size = Math.min(BATCH, requests - sent)
    await Promise.race([runBatch(batch, size), server.crashed])
    sent += size
    if (early === undefined && sent >= requests / 10) early = await server.memory()
    if (batch % 100 === 99) {
      const rate = Math.round(sent / ((performance.now() - begun) / 1_000))
      say(`${sent} requests, ${rate} a second, heap ${mebibytes((await server.memory()).heap)}`)
    }
  }
  const seconds = (performance.now() - begun) / 1_000
  const late = await server.memory()
  const handles = await server.stop()
  for (const line of coverage.lines()) say(line)
  say(`${sent} requests in ${Math.round(seconds)} s, ${Math.round(sent / seconds)} a second`)
  if (early) {
    say(`heap after the first tenth ${mebibytes(early.heap)}, at the end ${mebibytes(late.heap)}`)
    say(`rss after the first tenth ${mebibytes(early.rss)}, at the end ${mebibytes(late.rss)}`)
    if (late.heap - early.heap > GROWTH) problems.push('The heap has grown')
  }
  if (handles.length > 0) problems.push(`Left open: ${handles.join(', ')}`)
  if (sent >= ENOUGH && coverage.size() < LEAST_COVERAGE) {
    problems.push(`Only ${coverage.size()} different things were come upon, not ${LEAST_COVERAGE}`)
  }
} catch (error) {
  problems.push(String(error))
} finally {
  agent.destroy()
  await rm(folder, { recursive: true, force: true })
}
for (const problem of problems) say(`PROBLEM: ${problem}`)
say(
  problems.length === 0
    ? 'No problem found'
    : `${problems.length} problems; the same requests again: --seed ${seed}`,
)
process.exitCode = problems.length === 0 ? 0 : 1
