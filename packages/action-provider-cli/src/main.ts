#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import envPaths from 'env-paths'
import type { Outcome } from './program/work.ts'

// Most of the start would go into compiling. Node's own place for this is a folder that everybody may write to.
enableCompileCache(join(envPaths('action-provider', { suffix: '' }).cache, 'compiled'))

const [{ buildProgram }, { failed }] = await Promise.all([
  import('./program/program.ts'),
  import('./failure.ts'),
])
const outcome: Outcome = { exitCode: 0 }

// Whoever reads the output may have had enough of it: `action-provider list | head -1`.
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

/** Waits until everything that was printed has left this process: a pipe takes it when it can. */
async function drained(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => stream.write('', () => resolve()))
}
