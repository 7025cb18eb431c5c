/** A folder with the packed packages installed, in which projects are made that share what is installed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { packPackages } from '../../../scripts/pack.ts'

/** What a command ended with. */
export type Run = { code: number | null; stdout: string; stderr: string }

export type Installed = {
  folder: string
  /** Runs a command in the folder, or in a project in it. */
  run: (words: readonly string[], options?: RunOptions) => Promise<Run>
  start: (words: readonly string[], options?: RunOptions) => Started
  close: () => Promise<void>
}

/** A program that goes on. */
export type Started = {
  child: ChildProcess
  /** What a pattern finds in what it printed, once it is there. @throws Error where it ends before */
  printed: (pattern: RegExp) => Promise<string>
  stop: () => Promise<number | null>
}

type RunOptions = { project?: string; env?: Record<string, string> }

const manifest = new URL('../templates/base/package.json', import.meta.url)

/** Packs the packages, and installs them with all else that a project needs. */
export async function installPacked(): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'created-'))
  // Programs are started by the Node that runs this test, whichever there is besides.
  const environment = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    NODE_ENV: '',
    npm_config_loglevel: 'error',
  }
  const started: Started[] = []

  const launch = (words: readonly string[], { project = '.', env }: RunOptions): ChildProcess => {
    const [command = '', ...args] = words
    return spawn(command, args, {
      cwd: resolve(folder, project),
      env: { ...environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  const installed: Installed = {
    folder,
    async run(words, options = {}) {
      const child = launch(words, options)
      const text = collect(child)
      const [code] = (await once(child, 'close')) as [number | null]
      return { code, ...text() }
    },
    start(words, options = {}) {
      const child = launch(words, options)
      const text = collect(child)
      const ended = once(child, 'close').then(([code]) => code as number | null)
      const program: Started = {
        child,
        async printed(pattern) {
          for (;;) {
            const found = pattern.exec(text().stdout)?.[1]
            if (found !== undefined) return found
            const over = await Promise.race([
              once(child.stdout ?? child, 'data').then(() => false),
              ended.then(() => true),
            ])
            if (over) throw new Error(`It ended before it printed ${pattern}: ${JSON.stringify(text())}`)
          }
        },
        async stop() {
          child.kill('SIGTERM')
          return ended
        },
      }
      started.push(program)
      return program
    },
    async close() {
      for (const { child } of started) child.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }

  const packs = await packPackages(join(folder, 'packs'))
  const wanted = JSON.parse(await readFile(manifest, 'utf8')) as Record<string, Record<string, string>>
  const dependencies: Record<string, string> = { ...wanted.dependencies, ...wanted.devDependencies }
  for (const [name, { tarball }] of Object.entries(packs)) dependencies[name] = `file:${tarball}`
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies }),
  )
  const install = await installed.run(['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund'])
  if (install.code !== 0) throw new Error(`npm install failed: ${install.stderr}`)
  await mkdir(join(folder, 'data'))
  return installed
}

function collect(child: ChildProcess): () => { stdout: string; stderr: string } {
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (part: string) => {
      text[name] += part
    })
  }
  return () => text
}
