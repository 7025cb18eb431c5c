import { Command, InvalidArgumentError, Option } from 'commander'
import { readDuration } from './duration.ts'
import type { EmulatorOptions } from './emulator.ts'

type Flags = {
  host: string
  port: number
  seed?: string
  state?: string
  tokenLifetime: number
  verbose?: true
}

/**
 * The command that runs the emulator, by itself or as a command of another program.
 *
 * @example program.addCommand(emulatorCommand().name('emulator'))
 */
export function emulatorCommand(): Command {
  return new Command('globus-emulator')
    .description('Run Globus Auth and Globus Groups on this machine, for development and tests')
    .option('--host <host>', 'loopback name or address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes any that is free', readPort, 5001)
    .option('--seed <file>', 'JSON file with the users, groups and clients to start with')
    .option('--state <file>', 'file that keeps clients, consents and tokens from run to run')
    .addOption(
      new Option('--token-lifetime <duration>', 'how long access tokens live: 30s, 10m, 12h, 2d')
        .argParser(readLifetime)
        .default(172_800, '2d'),
    )
    .option('--verbose', 'write a line for each request, with the reason where it was refused')
    .action(async ({ state, verbose, ...flags }: Flags, command: Command) => {
      // Loaded only now, so that a program with this command starts quickly.
      const { requestLog, runEmulator } = await import('./run.ts')
      const options: EmulatorOptions = {
        ...flags,
        ...(state === undefined ? {} : { stateFile: state }),
        ...(verbose ? { log: requestLog(process.stderr) } : {}),
      }
      try {
        await runEmulator(options)
      } catch (error) {
        command.error(`error: ${error instanceof Error ? error.message : String(error)}`, { exitCode: 1 })
      }
    })
}

function readPort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return port
}

function readLifetime(text: string): number {
  const lifetime = readDuration(text)
  if (lifetime === undefined) throw new InvalidArgumentError('Write it like 30s, 10m, 12h or 2d.')
  return lifetime
}
