import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import {
  type ActionProvider,
  type ActionStatus,
  type ActionStore,
  type Auth,
  createMetrics,
  defineActionProvider,
  type RunContext,
} from '../../src/index.ts'
import { type Answer, type Served, serveForTest } from '../served.ts'

const timing = { tick: 20, poll: 50, keep: 100, sweep: 50, gather: 10 }
export const input = { type: 'object' } as const
export const about = { admin_contact: 'support@example.org' }

/** A provider at /p with everything that lets it be seen. */
export type Seen = Pick<Served, 'app' | 'close'> & {
  /** The lines of the log. */
  log: Record<string, unknown>[]
  ask: (
    token: string | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>
  metrics: () => Promise<Map<string, number>>
}

/** Serves a provider until the test ends. */
export async function serveSeen(
  provider: ActionProvider,
  auth: Auth,
  options: {
    store?: ActionStore
    databaseUrl?: string
    metrics?: ReturnType<typeof createMetrics> | null
    traceShare?: number
    shutdownGrace?: number
  } = {},
): Promise<Seen> {
  const { metrics = createMetrics(), traceShare = 1, ...rest } = options
  const log: Record<string, unknown>[] = []
  const stream = { write: (line: string): void => void log.push(JSON.parse(line)) }
  const served = await serveForTest(provider, {
    auth,
    timing,
    shutdownGrace: 500,
    application: { logger: { level: 'info', stream }, traceShare, ...(metrics && { metrics }) },
    ...rest,
  })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= served.close())
  onTestFinished(close)
  const ask: Seen['ask'] = (token, ...request) =>
    served.ask(token === undefined ? undefined : { token }, ...request)
  const readMetrics = async (): Promise<Map<string, number>> =>
    samplesOf((await ask(undefined, 'GET', '/metrics')).text)
  return { app: served.app, log, ask, metrics: readMetrics, close }
}

/** What stands in a text of Prometheus' form, by name and labels. */
export function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  )
}

/** A database that instances share, one after another, until the test ends. */
export async function createDatabaseUrl(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'action-provider-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return `sqlite:${join(folder, 'a.db')}`
}

/** Asks for the status of an action until it is no longer ACTIVE. */
export const untilSettled = (served: Seen, token: string, id: string): Promise<ActionStatus> =>
  eventually(async () => {
    const { json } = await served.ask(token, 'GET', `/p/${id}/status`)
    return json.status !== 'ACTIVE' && json
  })

export const echo = defineActionProvider({
  description: { ...about, title: 'echo', synchronous: true },
  input,
  run: ({ input }) => ({ you_said: input }),
})

/** Work of which the input says how it goes. */
export const work = defineActionProvider({
  description: { ...about, title: 'work', synchronous: false },
  input,
  cancelGrace: 100,
  retry: { limit: 2, backoff: 10 },
  run: async ({ input, pause, attempt, signal, progress }: RunContext<Record<string, unknown>>) => {
    if (input.fail) throw new Error(`unexpected ${input.secret}`)
    if (input.pause && attempt === 1) pause({ code: 'Waiting', description: 'for somebody' })
    if (input.hang && (attempt === 1 || input.hang === 'always')) {
      progress({ hanging: true })
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    return { attempt }
  },
} as never)
