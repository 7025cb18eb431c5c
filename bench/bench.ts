import { join } from 'node:path'
import type { Figure, Pair } from './figure.ts'
import type { Globus } from './globus.ts'
import type { Load, Order } from './order.ts'
import { type LoadProcess, type Server, type Start, startServer } from './process.ts'
import type { Programs } from './programs.ts'
import type { Constant } from './yardstick.ts'

/** What every figure is measured with. */
export type Bench = {
  /** Where databases and output go; removed at the end. */
  folder: string
  globus: Globus
  load: LoadProcess
  quick: boolean
  programs: Programs
  /** How often a contest's servers are started anew, and how many rounds each of them has. */
  starts: number
  rounds: number
  /** How long each server is under load in a round. */
  seconds: number
  /** What is closed when a group of figures is done. */
  opened: AsyncDisposableStack
}

/** A kind of figures, which `--only` names. */
export type Group = { name: string; measure: (bench: Bench) => Promise<Figure[]> }

export const CONNECTIONS = 32

/** How long servers are under load before they are measured, in seconds: until what runs often is compiled. */
const WARM_UP = 8

/** What is served: the synchronous echo, the asynchronous example, work of many steps, or work that sleeps. */
export type Example = 'watchasay' | 'hello-world' | 'steps' | 'sleeping'

let databases = 0

/** A database file that nobody else uses. */
export function newDatabase({ folder }: Pick<Bench, 'folder'>): string {
  return `sqlite:${join(folder, `actions-${++databases}.db`)}`
}

/** Starts a provider as its users do, against the emulated Globus. Its log tells warnings only unless told otherwise. */
export async function startProvider(
  bench: Bench,
  example: Example,
  environment: Record<string, string> = {},
  programs: Programs = bench.programs,
): Promise<Server> {
  return start(bench, {
    programs,
    main:
      example === 'steps' || example === 'sleeping'
        ? `bench/${example}-provider`
        : `examples/${example}/src/main`,
    environment: {
      ...bench.globus.environment,
      DATABASE_URL: newDatabase(bench),
      LOG_LEVEL: 'warn',
      ...environment,
    },
  })
}

/** Starts the yardstick with a route that answers what a provider has answered. `inserts`: it makes a row durable first. */
export async function startYardstick(
  bench: Bench,
  constant?: Constant,
  { inserts = false } = {},
): Promise<Server> {
  return start(bench, {
    programs: bench.programs,
    main: 'bench/yardstick',
    environment: {
      CONSTANTS: JSON.stringify(constant ? [constant] : []),
      ...(inserts && { INSERTS: join(bench.folder, `inserts-${++databases}.db`) }),
    },
  })
}

async function start(bench: Bench, options: Omit<Start, 'folder'>): Promise<Server> {
  const server = await startServer({ ...options, folder: bench.folder })
  bench.opened.defer(server.close)
  return server
}

/** A server under a certain load. */
export type Contestant = {
  servers: readonly Server[]
  calls: Order['calls']
  rate?: number
  /** Where it differs from the bench's. */
  seconds?: number
}

/** What a contestant reached in each round, and what processor time an answer took, in microseconds, as the median. */
export type Result = { loads: Load[]; cpu: number[] }

/**
 * Puts servers under load, one after the other and over and over, so that whatever else the machine does befalls all of
 * them. All that is begun anew a few times: of two processes that run the same, one may be a fifth faster for as long as it lives.
 * The first round of each, longer and not counted, lets them warm up: what runs seldom is not compiled yet.
 * @param start starts the servers, which are closed when their rounds are over
 * @throws Error when a server answers anything but success
 */
export async function contest<Name extends string>(
  bench: Bench,
  start: (bench: Bench) => Promise<Record<Name, Contestant>>,
): Promise<Record<Name, Result>> {
  const results: Partial<Record<Name, Result>> = {}
  for (let begun = 0; begun < bench.starts; begun++) {
    await using opened = new AsyncDisposableStack()
    const contestants = await start({ ...bench, opened })
    for (let round = 0; round <= bench.rounds; round++) {
      for (const name of Object.keys(contestants) as Name[]) {
        const { load, cpu } = await underLoad(bench, contestants[name], round === 0)
        if (load.failures > 0 || load.requests === 0) {
          throw new Error(`${name} failed ${load.failures} times in ${load.requests} requests`)
        }
        if (round === 0) continue
        results[name] ??= { loads: [], cpu: [] }
        results[name].loads.push(load)
        results[name].cpu.push(cpu)
      }
    }
  }
  return results as Record<Name, Result>
}

/** One round of one contestant: what it reached, and the processor time of an answer in microseconds. */
async function underLoad(
  bench: Bench,
  contestant: Contestant,
  warmUp: boolean,
): Promise<{ load: Load; cpu: number }> {
  const order = orderOf(bench, contestant)
  const before = await processorTime(contestant)
  const load = await bench.load.make(warmUp ? { ...order, seconds: WARM_UP } : order)
  const spent = (await processorTime(contestant)) - before
  return { load, cpu: (spent * 1e6) / load.requests }
}

function orderOf(bench: Bench, { servers, ...rest }: Contestant): Order {
  const given = { connections: CONNECTIONS, seconds: bench.seconds }
  return { ...given, ...rest, servers: servers.map(({ origin }) => origin) }
}

async function processorTime({ servers }: Contestant): Promise<number> {
  const usages = await Promise.all(servers.map((server) => server.usage('cpu')))
  return usages.reduce((sum, { cpu }) => sum + cpu, 0)
}

/** The rounds of two contestants side by side. */
export function pairs(measured: Result, limit: Result, value: (load: Load) => number): Pair[] {
  return measured.loads.map((load, round) => {
    const other = limit.loads[round]
    return { measured: value(load), limit: other ? value(other) : Number.NaN }
  })
}

/** What a provider answered. */
export type Answer = { status: number; headers: Record<string, string>; text: string }

/** Asks a provider once. @throws Error when it refuses */
export async function ask(
  server: Server,
  token: string,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`)
  return { status: response.status, headers: Object.fromEntries(response.headers), text }
}

/** The headers that Node writes itself, and the one that is new in each answer. */
const WRITTEN_BY_NODE = ['connection', 'content-length', 'date', 'keep-alive', 'x-request-id']

/** The route of the yardstick that answers what a provider has answered. */
export function constantOf(method: Constant['method'], url: string, answer: Answer): Constant {
  const headers = Object.fromEntries(
    Object.entries(answer.headers).filter(([name]) => !WRITTEN_BY_NODE.includes(name)),
  )
  return { method, url, code: answer.status, headers, body: answer.text }
}
