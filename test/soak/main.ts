/**
 * Serves both examples for a long time under a mixed load: everything is answered as it should be, memory stays as it was,
 * and nothing is left open at the end.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  checkAnswers,
  documentedAt,
  driftsFound,
} from '../../packages/action-provider-tools/test/openapi/checked-answers.ts'
import { startGlobus } from '../program.ts'
import { readArguments } from '../read-arguments.ts'
import { type Memory, mebibytes, startWatched } from '../watched.ts'

const { values } = readArguments(
  'npm run test:soak -- [--minutes N]',
  { options: { minutes: { type: 'string', default: '60' } } },
  ({ values }) => Number(values.minutes) > 0,
)
const minutes = Number(values.minutes)

const WORKERS = 16
/** How much the heap may grow after the first fifth of the time, in bytes: what caches and V8 vary by. */
const GROWTH = 8 * 1024 * 1024
/** How many requests a caller sends before they come back with another token. */
const PER_TOKEN = 200

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const folder = await mkdtemp(join(tmpdir(), 'soak-'))
const globus = await startGlobus()
const environment = Object.entries(globus.environment).filter(
  (entry): entry is [string, string] => entry[1] !== undefined,
)
const server = await startWatched<{ url: string }>(new URL('./server.ts', import.meta.url), {
  ...Object.fromEntries(environment),
  DATABASE_URL: `sqlite:${join(folder, 'actions.db')}`,
})
const { url } = server.info
checkAnswers()
for (const prefix of ['/skeleton', '/hello_world']) documentedAt(`${url}${prefix}`)
const problems: string[] = []
const answers = new Map<string, number>()
const begun = performance.now()
const end = begun + minutes * 60_000
let requests = 0

type Ask = (
  method: string,
  path: string,
  expected: readonly number[],
  body?: unknown,
) => Promise<Record<string, unknown>>

function asking(token: string): Ask {
  return async (method, path, expected, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(60_000),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    requests++
    const kind = `${method} ${path.replace(/\?.*/, '').replace(/[0-9a-f]{8}-[0-9a-f-]+/, ':id')} ${response.status}`
    answers.set(kind, (answers.get(kind) ?? 0) + 1)
    if (!expected.includes(response.status)) problems.push(`${kind}: ${text.slice(0, 200)}`)
    return text.startsWith('{') ? JSON.parse(text) : {}
  }
}

/** One round of what callers do with a synchronous provider. */
async function echo(ask: Ask, id: string): Promise<void> {
  const request = {
    request_id: id,
    body: { input_string: 'x'.repeat(1 + (requests % 2_000)) },
    release_after: 'PT1M',
  }
  const { action_id } = await ask('POST', '/skeleton/run', [202], request)
  await ask('POST', '/skeleton/run', [200], request)
  await ask('POST', '/skeleton/run', [409], { ...request, label: 'other' })
  await ask('GET', `/skeleton/${action_id}/status`, [200])
  await ask('POST', `/skeleton/${action_id}/cancel`, [200])
  await ask('GET', '/skeleton/actions?status=succeeded&limit=5', [200])
  if (requests % 2 === 0) await ask('POST', `/skeleton/${action_id}/release`, [200])
}

/** One round of what callers do with an asynchronous one. */
async function greet(ask: Ask, id: string): Promise<void> {
  const body = { echo_string: 'hey', sleep_time: requests % 3 }
  const { action_id } = await ask('POST', '/hello_world/run', [202], {
    request_id: id,
    body,
    release_after: 'PT1M',
  })
  await ask('GET', `/hello_world/${action_id}/log`, [200])
  if (requests % 3 === 0) await ask('POST', `/hello_world/${action_id}/cancel`, [200])
  await ask('POST', `/hello_world/${action_id}/resume`, [409])
  for (;;) {
    const { status } = await ask('GET', `/hello_world/${action_id}/status`, [200])
    if (status === 'SUCCEEDED' || status === 'FAILED') break
    await sleep(200)
  }
  if (requests % 2 === 0) await ask('POST', `/hello_world/${action_id}/release`, [200])
}

/** One round of what goes wrong. */
async function err(ask: Ask, id: string): Promise<void> {
  await ask('GET', '/skeleton', [200])
  await ask('POST', '/skeleton/run', [422], { request_id: id, body: { input_string: 7 } })
  await ask('GET', `/skeleton/${crypto.randomUUID()}/status`, [404])
  await ask('PUT', '/skeleton/run', [405])
  await asking(`unknown-${id}`)('GET', '/hello_world/actions', [401])
  await ask('GET', '/readyz', [200])
  await ask('GET', '/metrics', [200])
}

async function worker(index: number): Promise<void> {
  for (let round = 0; performance.now() < end && problems.length < 10; ) {
    const ask = asking(await globus.token(index % 2 === 0 ? 'alice' : 'bob'))
    for (const until = requests + PER_TOKEN; requests < until && performance.now() < end; round++) {
      const id = `${index} ${round}`
      await [echo, greet, err][round % 3]?.(ask, id)
    }
  }
}

const samples: { seconds: number; memory: Memory }[] = []
async function watch(): Promise<void> {
  const pause = Math.max(1_000, (minutes * 60_000) / 60)
  while (performance.now() < end && problems.length < 10) {
    await sleep(Math.min(pause, Math.max(0, end - performance.now())))
    const memory = await server.memory()
    samples.push({ seconds: Math.round((performance.now() - begun) / 1_000), memory })
    if (samples.length % 10 === 0) {
      say(
        `${samples.at(-1)?.seconds} s: ${requests} requests, heap ${mebibytes(memory.heap)}, rss ${mebibytes(memory.rss)}`,
      )
    }
  }
}

const median = (numbers: number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0
try {
  await Promise.race([
    Promise.all([watch(), ...Array.from({ length: WORKERS }, (_, index) => worker(index))]),
    server.crashed,
  ])
  const fifth = Math.ceil(samples.length / 5)
  const early = samples.slice(fifth, 2 * fifth).map(({ memory }) => memory)
  const late = samples.slice(-fifth).map(({ memory }) => memory)
  for (const kind of ['heap', 'external', 'rss'] as const) {
    const [before, after] = [early, late].map((some) => median(some.map((memory) => memory[kind])))
    say(
      `${kind}: ${mebibytes(before ?? 0)} in the second fifth of the time, ${mebibytes(after ?? 0)} in the last`,
    )
    if (kind === 'heap' && (after ?? 0) - (before ?? 0) > GROWTH) problems.push('The heap has grown')
  }
  const handles = await server.stop()
  say(handles.length === 0 ? 'No handle left open' : `Left open: ${handles.join(', ')}`)
  if (handles.length > 0) problems.push('Something was left open')
} catch (error) {
  problems.push(String(error))
} finally {
  await globus.close()
  await rm(folder, { recursive: true, force: true })
}
for (const [kind, count] of [...answers].sort(([a], [b]) => a.localeCompare(b))) say(`${kind} × ${count}`)
say(`${requests} requests in ${Math.round((performance.now() - begun) / 1_000)} s`)
problems.push(...new Set(await driftsFound()))
for (const problem of problems) say(`PROBLEM: ${problem}`)
say(problems.length === 0 ? 'No problem found' : `${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
