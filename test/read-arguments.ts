import { type ParseArgsConfig, parseArgs } from 'node:util'

/**
 * Reads the command line of a program. Where it asks for help, or cannot be understood, the process ends with a line of usage.
 * @param usage how the program is called
 * @param isRight whether what was read makes sense
 * @example const { values } = readArguments('npm run test:soak -- [--minutes N]', { options: { minutes: { type: 'string' } } })
 */
export function readArguments<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
  isRight: (read: ReturnType<typeof parseArgs<Config>>) => boolean = () => true,
): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(`Usage: ${usage}\n`)
    process.exit(0)
  }
  try {
    const read = parseArgs(config)
    if (isRight(read)) return read
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  process.stderr.write(`Usage: ${usage}\n`)
  process.exit(2)
}
