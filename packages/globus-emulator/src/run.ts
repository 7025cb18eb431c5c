import type { Writable } from 'node:stream'
import { type EmulatorOptions, startEmulator } from './emulator.ts'
import { greeting } from './greeting.ts'

/**
 * Starts an emulator, says where it is and who can log in, and runs it until the process gets SIGINT or SIGTERM.
 *
 * @param output where to say it
 * @throws what {@link startEmulator} throws
 */
export async function runEmulator(
  options: EmulatorOptions,
  output: Writable = process.stdout,
): Promise<void> {
  const emulator = await startEmulator(options)
  const [users, groups] = await Promise.all([emulator.users(), emulator.groups()])
  const { stateFile, tokenLifetime = 172_800 } = options
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  output.write(greeting({ url: emulator.url, users, groups, stateFile, tokenLifetime }))
  await ended
  await emulator.close()
}
