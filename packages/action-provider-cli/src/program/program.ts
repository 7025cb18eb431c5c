import { readFileSync } from 'node:fs'
import { Command, type Help } from 'commander'
import { emulatorCommand } from 'globus-emulator/command'
import { printable } from '../output/printable.ts'
import { addActionCommands } from './action-commands.ts'
import { addLoginCommands } from './login-commands.ts'
import { example } from './options.ts'
import { addProviderCommands } from './provider-commands.ts'
import { addStoreCommands } from './store-commands.ts'
import { doesInto, type Outcome } from './work.ts'

const exitCodeHelp = `
Exit codes:
  0    fine
  1    the action FAILED, or the check found a violation
  2    the command line or the request is wrong
  3    not logged in, refused, or the action waits for you (INACTIVE)
  4    the provider, Globus or the network failed
  130  interrupted by Ctrl-C; a watched action goes on`

const environmentHelp = `
Environment:
  ACTION_URL, ACTION_SCOPE      what --action-url and --action-scope say
  ACTION_TOKEN                  a token to use instead of a login
  GLOBUS_CLIENT_ID, GLOBUS_CLIENT_SECRET
                                a client to act as instead of a login
  GLOBUS_NATIVE_CLIENT_ID       the native application to log in as
  GLOBUS_SDK_ENVIRONMENT, GLOBUS_SDK_SERVICE_URL_AUTH,
  GLOBUS_SDK_SERVICE_URL_GROUPS another Globus, as for Globus's SDKs
  BROWSER, NO_COLOR, NODE_EXTRA_CA_CERTS, XDG_CONFIG_HOME`

/** Builds the command line. Parsing it runs a command and sets `outcome`. */
export function buildProgram(outcome: Outcome): Command {
  const program = new Command('action-provider')
    .description('Run, watch and manage Globus actions')
    .version(version(), '--version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ subcommandTerm, commandUsage })
    .addHelpText('after', `${exitCodeHelp}\n${environmentHelp}\n${example('action-provider help run')}`)

  const does = doesInto(outcome)
  addActionCommands(program.commandsGroup('Actions:'), does)
  addLoginCommands(program.commandsGroup('Logging in:'), does)
  addProviderCommands(program.commandsGroup('Providers:'), does)
  addStoreCommands(program, does)
  program.commandsGroup('Tools:')
  program.addCommand(
    emulatorCommand()
      .name('emulator')
      .summary('run an emulated Globus Auth on this machine')
      .helpOption('-h, --help', 'show help')
      .addHelpText('after', example('action-provider emulator --state emulator.json')),
  )
  forEachCommand(program, strict)
  return program
}

/** Help shows no aliases: they are for users of the Python command line. */
function subcommandTerm(this: Help, command: Command): string {
  const words = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  )
  return [command.name(), ...(command.options.length > 0 ? ['[options]'] : []), ...words].join(' ')
}

function commandUsage(this: Help, command: Command): string {
  return `${pathOf(command)} ${command.usage()}`
}

/** Makes errors one line that names the help to read. `main` ends the process. */
function strict(command: Command): void {
  command.exitOverride().configureOutput({
    outputError(text, write) {
      write(`${printable(text).replace(/\.$/, '')}; see ${pathOf(command)} --help\n`)
    },
  })
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

function forEachCommand(command: Command, act: (command: Command) => void): void {
  act(command)
  for (const each of command.commands) forEachCommand(each, act)
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
