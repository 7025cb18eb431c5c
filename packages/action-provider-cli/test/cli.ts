import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** What a command ended with. */
export type Run = { code: number | null; stdout: string; stderr: string }

/** A command that is still running. */
export type Running = {
  child: ChildProcess
  stderr: () => string
  /** All that it printed so far. */
  shown: () => string
  done: Promise<Run>
}

/** A user's machine: a home folder of its own, and the real command line. */
export type Machine = {
  folder: string
  env: Record<string, string>
  /** Runs a command to its end. */
  run(args: string[], options?: RunOptions): Promise<Run>
  start(args: string[], options?: RunOptions): Running
  /** Everything that the commands printed, and every token that they kept. */
  printed(): string
  tokens(): Promise<string[]>
  close(): Promise<void>
}

export type RunOptions = {
  env?: Record<string, string>
  input?: string
  /** Leaves the standard input open, for the test to write to. */
  keepInput?: boolean
  /** Gives the command a terminal; all it prints is on stdout then. */
  terminal?: boolean
  /** How wide that terminal is. */
  columns?: number
}

export const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const browser = fileURLToPath(new URL('browser.ts', import.meta.url))

/** The BROWSER that logs in as somebody. @param asked a file for the scopes that consent was asked for */
export function browserOf(
  user: string,
  decision: 'allow' | 'deny' | 'allow-whoever' = 'allow',
  asked = '-',
): Record<string, string> {
  return { BROWSER: `${process.execPath} ${browser} ${user} ${decision} ${asked}` }
}

export async function machine(env: Record<string, string> = {}): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'action-provider-cli-'))
  let printed = ''
  const kept = new Set<string>()
  const all = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    XDG_CONFIG_HOME: join(folder, 'config'),
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
    ...env,
  }

  function start(
    args: string[],
    { env: more = {}, input, terminal = false, columns = 200, keepInput = terminal }: RunOptions = {},
  ): Running {
    const words = [process.execPath, '--conditions=source', main, ...args]
    const [command = '', ...rest] = terminal ? underTerminal(words, columns) : words
    const child = spawn(command, rest, { cwd: folder, env: { ...all, ...more }, stdio: 'pipe' })
    child.stdin.on('error', () => {})
    if (!keepInput) child.stdin.end(input ?? '')
    let errors = ''
    let shown = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (part: Buffer) => {
        shown += part.toString()
      })
    }
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      errors += part
    })
    const done = Promise.all([text(child.stdout), once(child, 'close')]).then(([stdout, [code]]) => {
      printed += `${stdout}${errors}`
      return { code: code as number | null, stdout, stderr: errors }
    })
    return { child, stderr: () => errors, shown: () => shown, done }
  }

  const tokens = async (): Promise<string[]> => {
    const config = join(folder, 'config', 'action-provider')
    for (const name of await readdir(config).catch(() => [])) {
      const content = await readFile(join(config, name), 'utf8').catch(() => '')
      for (const [, token] of content.matchAll(/"(?:access|refresh)_token": "([^"]+)"/g))
        kept.add(token ?? '')
    }
    return [...kept]
  }

  return {
    folder,
    env: all,
    start,
    async run(args, options) {
      const run = await start(args, options).done
      await tokens()
      return run
    },
    printed: () => printed,
    tokens,
    async close() {
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Runs a command in a terminal of its own, which Linux's `script` makes. */
function underTerminal(words: string[], columns: number): string[] {
  const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  return [
    'script',
    '--quiet',
    '--return',
    '--command',
    `stty columns ${columns} rows 40; exec ${line}`,
    '/dev/null',
  ]
}

/** An output without what differs from run to run. */
export function steady(output: string): string {
  return output
    .replaceAll(/\b(127\.0\.0\.1|localhost):\d+/g, '$1:PORT')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)/g, 'TIME')
    .replaceAll(/\d{4}-\d\d-\d\d/g, 'DATE')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
}
