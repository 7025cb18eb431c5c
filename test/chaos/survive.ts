import { setTimeout as sleep } from 'node:timers/promises'
import { type Globus, greeter, type Program, startProgram } from '../program.ts'

/** What a chaos scenario counted. Any lost or doubled action is a failure. */
export type Figures = {
  scenario: string
  rounds: number
  acknowledged: number
  /** Acknowledged actions that are not there, did not complete, or have another result. */
  lost: number
  /** Requests that became two actions, runs that were begun twice under one number, completions that changed. */
  doubled: number
  seconds: number
  /** What else was counted. */
  more: Readonly<Record<string, number>>
}

/** The instances under test. */
export type Running = {
  readonly programs: readonly Program[]
  /** Ends an instance by a signal, and starts another in its place. */
  restart: (index: number, signal: NodeJS.Signals) => Promise<void>
}

/** What the actions do. */
export type Work = {
  program: string
  body: (request_id: string) => Record<string, unknown>
  isRight: (details: Record<string, unknown>, request_id: string) => boolean
  /** How long a caller waits between two requests, in milliseconds. */
  pause: number
  /** When, after the last, the next bad thing happens, in milliseconds (default: once a few more actions are acknowledged). */
  moment?: () => number
}

/** Works a moment, and greets. */
export const greeting: Work = {
  program: greeter,
  body: (request_id) => ({
    echo_string: request_id,
    work_time: (Number(request_id.split('-')[1]) % 7) / 5,
  }),
  isRight: ({ hello }, request_id) => hello === request_id,
  pause: 20,
}

type Status = {
  action_id: string
  status: string
  details: Record<string, unknown>
  completion_time?: string
}

/** How long what was acknowledged may take to end after the last round, and to be looked through, in milliseconds. */
const PATIENCE = 300_000

type Options = {
  scenario: string
  globus: Globus
  /** What an instance is started with besides Globus. */
  environment: (index: number) => Record<string, string>
  instances: number
  rounds: number
  /** After how many minutes the last round is over, whatever is left. */
  minutes: number
  clients?: number
  /** What happens at a random moment of each round (default: an instance is killed with -9 and started again). */
  strike?: (running: Running) => Promise<void>
  /** What the actions do (default: they work a moment). */
  work?: Work
  /** Counts what else there is to count, once all have ended; `wrong` is how much of it must not be. */
  inspect?: () => Promise<{ wrong: number; more: Record<string, number> }>
  say: (line: string) => void
}

/**
 * Callers post actions to instances that something bad happens to, round after round. A checker follows what was
 * acknowledged to its end.
 */
export async function survive(options: Options): Promise<Figures> {
  const {
    scenario,
    globus,
    environment,
    instances,
    minutes,
    clients = 8,
    strike = kill,
    work = greeting,
    say,
  } = options
  const started = Date.now()
  const end = started + minutes * 60_000
  const token = await globus.token('alice')
  const start = (index: number): Promise<Program> =>
    startProgram(work.program, { ...globus.environment, ...environment(index), LOG_LEVEL: 'error' })
  const programs = await Promise.all(Array.from({ length: instances }, (_, index) => start(index)))
  const running: Running = {
    programs,
    async restart(index, signal) {
      await programs[index]?.signal(signal)
      programs[index] = await start(index)
    },
  }
  const posted = new Map<string, string | undefined>()
  const completed = new Map<string, string>()
  const problems = { lost: new Set<string>(), doubled: new Set<string>() }
  const acknowledged: string[] = []
  let over = false
  /** Those that were killed, until the next in their place serve. */
  const starting = new Map<number, Promise<void>>()

  async function ask(path: string, body?: unknown): Promise<{ status: number; json: unknown } | undefined> {
    const program = programs[Math.floor(Math.random() * programs.length)]
    try {
      const response = await fetch(`${program?.url}${path}`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(20_000),
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      })
      const answer = { status: response.status, json: (await response.json()) as unknown }
      if (response.status >= 500 && response.status !== 503)
        throw new Error(`Answered ${JSON.stringify(answer)}`)
      return answer.status === 503 ? undefined : answer
    } catch (error) {
      // A connection that was cut or refused: the instance was killed.
      if (error instanceof TypeError || (error as Error).name === 'TimeoutError') return undefined
      throw error
    }
  }

  const post = (request_id: string): ReturnType<typeof ask> =>
    ask('/run', { request_id, body: work.body(request_id) })

  function check(status: Status): void {
    const { action_id, completion_time } = status
    if (completion_time === undefined) return
    const document = JSON.stringify(status)
    const before = completed.get(action_id)
    if (before !== undefined && before !== document) problems.doubled.add(`${action_id} completed twice`)
    completed.set(action_id, document)
  }

  async function client(name: number): Promise<void> {
    for (let number = 0; !over; number++) {
      const request_id = `${name}-${number}`
      posted.set(request_id, undefined)
      // Whose answer was lost sends the same again, as every client should.
      let answer = await post(request_id)
      while (answer === undefined && !over) {
        await sleep(20)
        answer = await post(request_id)
      }
      if (answer) {
        const { action_id } = answer.json as Status
        posted.set(request_id, action_id)
        acknowledged.push(action_id)
      }
      await sleep(work.pause)
    }
  }

  async function watcher(): Promise<void> {
    while (!over) {
      const id = acknowledged[Math.floor(Math.random() * acknowledged.length)]
      const answer = id === undefined ? undefined : await ask(`/${id}/status`)
      if (answer?.status === 200) check(answer.json as Status)
      else if (answer) problems.lost.add(`${id} answered ${answer.status}`)
      await sleep(5)
    }
  }

  const busy = [...Array.from({ length: clients }, (_, name) => client(name)), watcher()]
  let rounds = 0
  while (rounds < options.rounds && Date.now() < end) {
    await (work.moment ? sleep(work.moment()) : someAcknowledged())
    await strike(running)
    if (++rounds % 10 === 0)
      say(`${scenario}: ${rounds} of ${options.rounds} rounds, ${acknowledged.length} acknowledged`)
  }
  await Promise.all(starting.values())
  over = true
  await Promise.all(busy)
  const patience = Date.now() + PATIENCE

  await forEachAtOnce(posted, 16, checkRequest)
  const listed = await countListed()
  if (listed !== posted.size) problems.doubled.add(`${posted.size} requests, ${listed} actions`)
  await Promise.all(programs.map((program) => program.signal('SIGTERM')))
  const { wrong = 0, more = {} } = (await options.inspect?.()) ?? {}
  for (const problem of [...problems.lost, ...problems.doubled]) say(`${scenario}: ${problem}`)

  return {
    scenario,
    rounds,
    acknowledged: posted.size,
    lost: problems.lost.size,
    doubled: problems.doubled.size + wrong,
    seconds: Math.round((Date.now() - started) / 1_000),
    more: { ...(strike === kill && { kills: rounds }), ...more },
  }

  async function someAcknowledged(): Promise<void> {
    const enough = acknowledged.length + 1 + Math.floor(Math.random() * 60)
    while (acknowledged.length < enough && Date.now() < end) await sleep(5)
  }

  /** Kills an instance that serves. Another may be killed while the next in its place starts. */
  async function kill(): Promise<void> {
    while (starting.size === instances) await Promise.race(starting.values())
    const serving = [...programs.keys()].filter((index) => !starting.has(index))
    const victim = serving[Math.floor(Math.random() * serving.length)] as number
    const restarted = running.restart(victim, 'SIGKILL').then(() => void starting.delete(victim))
    // Whoever waits for it hears of its failure.
    restarted.catch(() => {})
    starting.set(victim, restarted)
  }

  /** A request whose answer was lost is sent again until it is answered: it is one action, old or new. */
  async function checkRequest([request_id, known]: [string, string | undefined]): Promise<void> {
    let id = known
    while (id === undefined && Date.now() < patience) {
      const answer = await post(request_id)
      if (answer) id = (answer.json as Status).action_id
      else await sleep(50)
    }
    if (id === undefined) return void problems.lost.add(`${request_id} is not answered`)
    const status = await untilComplete(id)
    if (status?.status !== 'SUCCEEDED' || !work.isRight(status.details, request_id)) {
      problems.lost.add(`${request_id} is ${JSON.stringify(status)}`)
    } else check(status)
    const runs = await startedRuns(id)
    if (new Set(runs).size !== runs.length) problems.doubled.add(`${id} began ${runs.join(', ')}`)
  }

  async function untilComplete(id: string): Promise<Status | undefined> {
    for (;;) {
      const status = (await ask(`/${id}/status`))?.json as Status | undefined
      if (status?.completion_time !== undefined || Date.now() > patience) return status
      await sleep(100)
    }
  }

  async function startedRuns(id: string): Promise<string[]> {
    const page = (await ask(`/${id}/log?limit=1000`))?.json as {
      entries: { code: string; description: string }[]
    }
    return page.entries.filter(({ code }) => code === 'Started').map(({ description }) => description)
  }

  async function countListed(): Promise<number> {
    let count = 0
    for (let marker = ''; ; ) {
      const page = (await ask(`/actions?status=active,inactive,succeeded,failed&marker=${marker}`))
        ?.json as Status[]
      count += page.length
      marker = page.at(-1)?.action_id ?? ''
      if (page.length < 100) return count
    }
  }
}

/** Does something for each item, some at once. */
async function forEachAtOnce<T>(
  items: Iterable<T>,
  width: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  const worker = async (): Promise<void> => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await act(item)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
