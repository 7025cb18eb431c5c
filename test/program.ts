/** Programs of this repository, run as their users run them: as processes, configured by the environment. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Emulator, startEmulator } from 'globus-emulator'
import { documentedAt } from '../packages/action-provider-tools/test/openapi/checked-answers.ts'

export const watchasay = fileURLToPath(new URL('../examples/watchasay/src/main.ts', import.meta.url))
export const helloWorld = fileURLToPath(new URL('../examples/hello-world/src/main.ts', import.meta.url))
export const approval = fileURLToPath(new URL('../examples/approval/src/main.ts', import.meta.url))
export const ownState = fileURLToPath(new URL('../examples/own-state/src/main.ts', import.meta.url))
export const several = fileURLToPath(new URL('../examples/hosting/src/several.ts', import.meta.url))
/** A program for tests alone. */
export const greeter = fileURLToPath(new URL('./greeter.ts', import.meta.url))
/** Another; what it writes down is a Sight a line. */
export const witness = fileURLToPath(new URL('./witness.ts', import.meta.url))
/** A third; what it writes down is a StepLine a line. */
export const stepper = fileURLToPath(new URL('./stepper.ts', import.meta.url))
/** A fourth, whose work goes on although its instance has lost it; what it writes down is a DeafSight a line. */
export const deaf = fileURLToPath(new URL('./deaf.ts', import.meta.url))

type Environment = Record<string, string | undefined>

/** How a process ended. */
export type End = { code: number | null; signal: NodeJS.Signals | null }

/** A process that serves. */
export type Program = {
  url: string
  child: ChildProcess
  /** All that it has written so far. */
  output: () => { stdout: string; stderr: string }
  ended: Promise<End>
  signal: (signal: NodeJS.Signals) => Promise<End>
}

/** Starts a program on free ports and resolves once it says where it serves. */
export async function startProgram(
  main: string,
  environment: Environment = {},
  options: { cwd?: string } = {},
): Promise<Program> {
  const { child, output, ended } = launch(main, environment, options)
  const serving = Promise.withResolvers<string>()
  child.stdout?.on('data', () => {
    const url = /serves at (\S+)\n/.exec(output().stdout)?.[1]
    if (url !== undefined) serving.resolve(url)
  })
  const early = ended.then((end) => {
    throw new Error(`It ended before it served: ${JSON.stringify({ ...end, ...output() })}`)
  })
  const url = await Promise.race([serving.promise, early])
  for (const [, each = ''] of output().stdout.matchAll(/serves at (\S+)\n/g)) ended.then(documentedAt(each))
  return {
    url,
    child,
    output,
    ended,
    signal(signal) {
      child.kill(signal)
      return ended
    },
  }
}

/** Runs a program to its end. */
export async function runProgram(
  main: string,
  environment: Environment = {},
): Promise<End & { stdout: string; stderr: string }> {
  const { output, ended } = launch(main, environment)
  const end = await ended
  return { ...end, ...output() }
}

function launch(
  main: string,
  environment: Environment,
  options: { cwd?: string } = {},
): { child: ChildProcess; output: Program['output']; ended: Promise<End> } {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env
  const child = spawn(process.execPath, ['--conditions=source', main], {
    env: { PATH, HOME, NODE_COMPILE_CACHE, PORT: '0', EMULATOR_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  })
  const written = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    written.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    written.stderr += text
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  return { child, output: () => written, ended }
}

/** A Globus that goes on while the programs that use it are killed. */
export type Globus = {
  emulator: Emulator
  /** What a program needs to use it. */
  environment: Environment
  scope: string
  token: (username: string) => Promise<string>
  close: () => Promise<void>
}

/** Starts the emulator in this process and registers a provider there. */
export async function startGlobus(): Promise<Globus> {
  const emulator = await startEmulator({ port: 0 })
  const { client_id, client_secret, scopes } = await emulator.register({
    name: 'test',
    scopes: [
      {
        suffix: 'action_all',
        dependents: ['urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships'],
      },
    ],
  })
  const [scope = ''] = scopes
  return {
    emulator,
    scope,
    environment: {
      CLIENT_ID: client_id,
      CLIENT_SECRET: client_secret,
      SCOPE: scope,
      GLOBUS_SDK_SERVICE_URL_AUTH: emulator.url,
      GLOBUS_SDK_SERVICE_URL_GROUPS: emulator.url,
    },
    token: (username) => emulator.issueToken({ username, scope }),
    close: () => emulator.close(),
  }
}
