#!/usr/bin/env node
import { failed } from './failure.ts'
import { buildProgram, type Outcome } from './program.ts'

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
