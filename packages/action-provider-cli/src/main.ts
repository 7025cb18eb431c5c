#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import envPaths from 'env-paths'
import type { Outcome } from './program/work.ts'

// Compiling the modules would take most of the start-up time. Node's default cache folder is writable by all
// users, so the cache is in the user's own folder.
enableCompileCache(join(envPaths('action-provider', { suffix: '' }).cache, 'compiled'))

const [{ buildProgram }, { failed }] = await Promise.all([
  import('./program/program.ts'),
  import('./failure.ts'),
])
const outcome: Outcome = { exitCode: 0 }

// The program that reads the output may end early: `action-provider list | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 4))
process.stderr.on('error', () => {})

try {
  await buildProgram(outcome).parseAsync()
} catch (error) {
  outcome.exitCode = await failed(error)
}
await drained(process.stdout)
await drained(process.stderr)
process.exit(outcome.exitCode)

/** Waits until all output has been written: a pipe may accept it late. */
async function drained(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => stream.write('', () => resolve()))
}
