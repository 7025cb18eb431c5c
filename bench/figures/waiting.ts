import { setTimeout as sleep } from 'node:timers/promises'
import { ask, type Bench, constantOf, type Group, startProvider, startYardstick } from '../bench.ts'
import { type Figure, median, summary } from '../figure.ts'
import type { Server } from '../process.ts'
import { rateFigure } from './paired.ts'

const WATCHERS = 1_000

/** When a caller who polls asks for the first time, in milliseconds: the client here does. */
const FIRST_POLL = 1_000

/** Callers who wait for their actions: by updates, in the answer to run, and by polling; and the document they may read first. */
export const waiting: Group = {
  name: 'waiting',
  async measure(bench) {
    return [...(await watcherFigures(bench)), await answerFigure(bench), await documentFigure(bench)]
  },
}

/** What it takes to tell a thousand watchers of one action of its end, which ends their streams too, beside a poll of each. */
async function watcherFigures(bench: Bench): Promise<Figure[]> {
  const server = await startProvider(bench, 'hello-world', { MAX_REQUESTS_PER_CALLER: `${3 * WATCHERS}` })
  const token = await bench.globus.token()
  const rounds: Round[] = []
  for (let round = 0; round <= bench.rounds; round++) {
    const one = await watch(server, token, `watched ${round}`)
    if (round > 0) rounds.push(one)
  }
  const pairs = rounds.map(({ told, polled }) => ({ measured: told, limit: polled }))
  const { measured, limit, ratio } = summary(pairs)
  return [
    {
      name: 'the end of an action told, processor time a watcher, of 1,000',
      unit: 'µs',
      measured,
      limit: { name: 'a poll of each', value: limit },
      ratio,
      note: `the last of them hears of it after ${median(rounds.map(({ latency }) => latency)).toFixed(0)} ms`,
      detail: rounds,
    },
    {
      name: 'memory of a watcher',
      unit: 'KB',
      measured: median(rounds.map(({ alive }) => (alive * 1_024) / WATCHERS)),
      note: 'alive after a collection',
    },
  ]
}

/** Processor time a watcher in microseconds, told and polled; milliseconds until the last heard; megabytes for all of them. */
type Round = { told: number; polled: number; latency: number; alive: number }

/** One action with its watchers, from their coming to its end. */
async function watch(server: Server, token: string, request_id: string): Promise<Round> {
  const { action_id } = await start(server, token, { request_id, body: { sleep_time: 3_600 } })
  const before = await server.usage('memory')
  const controller = new AbortController()
  const authorization = `Bearer ${token}`
  const watchers = await each(async () => {
    const response = await fetch(`${server.url}/actions/${action_id}/updates?events=status`, {
      headers: { authorization },
      signal: controller.signal,
    })
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    await reader?.read()
    return async () => {
      for (let text = ''; !text.includes('FAILED'); ) text += (await reader?.read())?.value ?? ''
    }
  })
  const present = await server.usage('memory')
  const polling = await server.usage('cpu')
  await each(() => ask(server, token, 'GET', `/${action_id}/status`))
  const quiet = await server.usage('cpu')
  const begin = performance.now()
  const told = Promise.all(watchers.map((hears) => hears()))
  await ask(server, token, 'POST', `/${action_id}/cancel`)
  await told
  const latency = performance.now() - begin
  const after = await server.usage('cpu')
  controller.abort()
  return {
    told: ((after.cpu - quiet.cpu) * 1e6) / WATCHERS,
    polled: ((quiet.cpu - polling.cpu) * 1e6) / WATCHERS,
    latency,
    alive: present.alive - before.alive,
  }
}
const each = <T>(act: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: WATCHERS }, () => act()))

async function start(
  server: Server,
  token: string,
  request: object,
  headers: Record<string, string> = { prefer: 'respond-async' },
): Promise<{ action_id: string; status: string }> {
  return JSON.parse((await ask(server, token, 'POST', '/run', request, headers)).text)
}

/** How long until a caller knows the end of short work: by the answer to run, and by polling for the first time after a second. */
async function answerFigure(bench: Bench): Promise<Figure> {
  const server = await startProvider(bench, 'hello-world')
  const token = await bench.globus.token()
  const rounds: { measured: number; limit: number }[] = []
  for (let round = 0; round <= bench.rounds * 4; round++) {
    const body = { echo_string: 'hey' }
    const begin = performance.now()
    const { status } = await start(server, token, { request_id: `waits ${round}`, body }, {})
    if (status !== 'SUCCEEDED') throw new Error(`The answer to run was ${status}`)
    const answered = performance.now()
    const { action_id } = await start(server, token, { request_id: `polls ${round}`, body })
    await sleep(FIRST_POLL)
    await ask(server, token, 'GET', `/${action_id}/status`)
    const polled = performance.now()
    if (round > 0) rounds.push({ measured: answered - begin, limit: polled - answered })
  }
  const { measured, limit, ratio } = summary(rounds)
  return {
    name: 'end of short work known, by the answer to run',
    unit: 'ms',
    measured,
    limit: { name: 'polled', value: limit },
    ratio,
    must: { most: 0.5 },
    detail: rounds,
  }
}

/** The OpenAPI document, which is made once. */
function documentFigure(bench: Bench): Promise<Figure> {
  return rateFigure(bench, { name: 'openapi.json', must: { least: 0.85 } }, async (bench) => {
    const server = await startProvider(bench, 'watchasay')
    const path = '/skeleton/openapi.json'
    const answer = await ask(server, '', 'GET', '/openapi.json')
    const yardstick = await startYardstick(bench, constantOf('GET', path, answer))
    const calls = [{ method: 'GET' as const, path }]
    return { provider: { servers: [server], calls }, yardstick: { servers: [yardstick], calls } }
  })
}
