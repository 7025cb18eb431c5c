import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** A program of this repository that serves until it is told to end. */
export type Program = { url: string; end(): Promise<void> }

/**
 * Starts a program and waits until it says where it serves.
 *
 * @param file relative to the repository
 * @param says what it prints then, with the URL as its first group
 */
export async function startProgram(
  file: string,
  args: string[],
  says: RegExp,
  options: { cwd: string; env?: Record<string, string> },
): Promise<Program> {
  const source = fileURLToPath(new URL(`../../../../${file}`, import.meta.url))
  const child = spawn(process.execPath, ['--conditions=source', source, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { url: await firstMatch(child, says), end: () => ended(child) }
}

async function firstMatch(child: ChildProcess, says: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const read = (part: Buffer): void => {
      output += part.toString()
      const found = output.match(says)?.[1]
      if (found !== undefined) resolve(found)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', () => reject(new Error(`The program ended: ${output}`)))
  })
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await exit
}
