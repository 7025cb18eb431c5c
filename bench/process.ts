import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Question, Usage } from './observed.ts'
import type { Load, Order } from './order.ts'
import { type Programs, program } from './programs.ts'

/** A server in a process of its own. */
export type Server = {
  /** Where it serves: the provider's base URL. */
  url: string
  /** The same without a path. */
  origin: string
  /** Milliseconds from its beginning until it answered. */
  startedIn: number
  usage: (question: Question) => Promise<Usage>
  close: () => Promise<void>
}

/** How a server is started. */
export type Start = {
  programs: Programs
  /** Which of them, by its path from the root without its ending. */
  main: string
  environment: Record<string, string>
  /** Where its output goes. */
  folder: string
}

let servers = 0

/** Starts a server and waits until it answers. @throws Error with its output when it ends instead */
export async function startServer({ programs, main, environment, folder }: Start): Promise<Server> {
  const file = join(folder, `server-${++servers}.log`)
  const output = openSync(file, 'a')
  const { PATH, HOME } = process.env
  const begin = performance.now()
  const child = fork(fileURLToPath(program(programs, main)), {
    execArgv: [...programs.execArgv, '--expose-gc', '--import', program(programs, 'bench/observed').href],
    env: { PATH, HOME, PORT: '0', EMULATOR_PORT: '0', ...environment },
    stdio: ['ignore', output, output, 'ipc'],
  })
  closeSync(output)
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'exit')
    child.kill('SIGTERM')
    await closed
  }
  try {
    const url = await serving(child, file)
    const answer = await fetch(url)
    await answer.arrayBuffer()
    return {
      url,
      origin: new URL(url).origin,
      startedIn: performance.now() - begin,
      usage: (question) => ask<Usage>(child, question),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function serving(child: ChildProcess, file: string): Promise<string> {
  for (;;) {
    const written = readFileSync(file, 'utf8')
    const url = /serves at (\S+)/.exec(written)?.[1]
    if (url !== undefined) return url.replace('localhost', '127.0.0.1')
    if (child.exitCode !== null) throw new Error(`A server ended before it served:\n${written}`)
    await sleep(2)
  }
}

/** The process that makes load. */
export type LoadProcess = { make: (order: Order) => Promise<Load>; close: () => void }

export function startLoad(): LoadProcess {
  const child = fork(fileURLToPath(new URL('./load.ts', import.meta.url)), {
    execArgv: ['--conditions=source'],
  })
  return { make: (order) => ask<Load>(child, order), close: () => child.kill() }
}

async function ask<Answer>(child: ChildProcess, question: object | string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const answered = (answer: unknown): void => resolve(answer as Answer)
  const ended = (code: number | null): void =>
    reject(new Error(`A process ended (${code}) in place of an answer`))
  child.once('message', answered).once('exit', ended)
  child.send(question)
  try {
    return await promise
  } finally {
    child.off('message', answered).off('exit', ended)
  }
}
