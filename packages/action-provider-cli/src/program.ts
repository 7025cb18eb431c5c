import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { emulatorCommand } from 'globus-emulator/command'
import type { ExitCode } from './errors.ts'

/** What a command leaves for the process to end with. */
export type Outcome = { exitCode: ExitCode }

/** A command's work, loaded only when it is done: `--help` must not wait for what it does not need. */
// biome-ignore lint/suspicious/noExplicitAny: commander gives arguments as it read them; the commands name their types
type Work = (...args: any[]) => Promise<ExitCode> | Promise<void>

const exitCodeHelp = `
Exit codes:
  0    fine
  1    the action FAILED
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
  GLOBUS_SDK_ENVIRONMENT, GLOBUS_SDK_SERVICE_URL_AUTH, GLOBUS_SDK_SERVICE_URL_GROUPS
                                another Globus, as Globus's SDKs have it
  BROWSER, NO_COLOR, NODE_EXTRA_CA_CERTS, XDG_CONFIG_HOME`

/** The whole command line. Nothing is done before it is parsed; what a command ends with stands in `outcome` then. */
export function buildProgram(outcome: Outcome): Command {
  const program = new Command('action-provider')
    .description('Run, watch and manage Globus actions')
    .version(version(), '--version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', `${exitCodeHelp}\n${environmentHelp}`)

  /** Has a command do its work, and keeps what it ends with. */
  const does = (load: () => Promise<Work>): ((...args: unknown[]) => Promise<void>) => {
    return async (...args) => {
      const work = await load()
      // The last argument is the command itself, the one before it its options.
      outcome.exitCode = (await work(...args.slice(0, -1))) ?? 0
    }
  }

  program.commandsGroup('Actions:')
  onProvider(program.command('introspect').summary('what a provider is and takes'))
    .description('Show what a provider is, who may use it, and what input it takes.')
    .action(does(async () => (await import('./commands/introspect.ts')).introspect))
  onProvider(program.command('run').summary('start an action'))
    .description('Start an action. Without --body, each field of the input is asked for.')
    .option('-b, --body <json>', 'the input: JSON, @FILE, a file name, or - for standard input')
    .option('--request-id <id>', 'repeating a request with its id starts nothing twice (default: a new UUID)')
    .option('-l, --label <text>', 'a name for the action, up to 64 characters')
    .option('--manage-by <who>', `who else may change it: ${whoWords}`, collect)
    .option('--monitor-by <who>', `who else may see it: ${whoWords}`, collect)
    .option('--deadline <time>', 'when it must be done, like 2030-01-31T12:00:00Z')
    .option('--release-after <duration>', 'how long it is kept when complete, like P30D or seconds')
    .option('-w, --watch', 'follow it until it is complete')
    .action(does(async () => (await import('./commands/run.ts')).run))
  onProvider(program.command('status').summary('how an action is'))
    .description('Show how an action is.')
    .argument('<action-id>', 'what run answered, and list shows')
    .option('-w, --watch', 'follow it until it is complete')
    .action(does(async () => (await import('./commands/status.ts')).status))
  onProvider(program.command('log').summary('what happened to an action'))
    .description('Show what happened to an action. With --watch and json, each entry is a line of its own.')
    .argument('<action-id>')
    .option('-w, --watch', 'follow it until the action is complete')
    .addOption(new Option('--limit <number>', 'at most so many entries').argParser(count).conflicts('watch'))
    .addOption(new Option('--reverse', 'newest first').conflicts('watch'))
    .option('--since <time>', 'no entry before, like 2030-01-31T12:00:00Z')
    .addOption(new Option('--until <time>', 'no entry after').conflicts('watch'))
    .action(does(async () => (await import('./commands/log.ts')).log))
  onProvider(program.command('cancel').summary('end an action'))
    .description('End an action that is not complete.')
    .argument('<action-id>')
    .action(does(async () => (await import('./commands/change.ts')).cancel))
  onProvider(program.command('resume').summary('go on with an action that waits'))
    .description('Go on with an INACTIVE action. Where it waits for your consent, that is asked for first.')
    .argument('<action-id>')
    .option('--no-consent', 'do not look whether consent is needed')
    .option('-w, --watch', 'follow it until it is complete')
    .action(does(async () => (await import('./commands/resume.ts')).resume))
  onProvider(program.command('release').summary('forget a complete action'))
    .description('Have the provider forget a complete action, and show it for the last time.')
    .argument('<action-id>')
    .action(does(async () => (await import('./commands/change.ts')).release))
  onProvider(program.command('list').summary('your actions'))
    .description('List actions, newest first.')
    .addOption(
      new Option('--status <status>', 'repeatable (default: active)')
        .choices(['active', 'inactive', 'succeeded', 'failed', 'all'])
        .argParser(collectChoices),
    )
    .addOption(
      new Option('--role <role>', 'what you are to them, repeatable (default: creator)')
        .choices(['creator', 'monitor', 'manager', 'all'])
        .argParser(collectChoices),
    )
    .option('--limit <number>', 'at most so many', count)
    .action(does(async () => (await import('./commands/list.ts')).list))

  program.commandsGroup('Logging in:')
  withLogin(withProvider(program.command('login').summary('log in'), false))
    .description('Log in through a browser. With --action-url, for what that provider needs as well.')
    .action(does(async () => (await import('./commands/login.ts')).login))
  withCommon(withProvider(program.command('logout').summary('revoke and forget your tokens'), false))
    .description("Revoke and forget your tokens; with --action-url or --action-scope, that provider's alone.")
    .action(does(async () => (await import('./commands/logout.ts')).logout))
  withLogin(program.command('whoami').summary('who you are'))
    .description('Show who you are logged in as, and for what.')
    .action(does(async () => (await import('./commands/whoami.ts')).whoami))

  program.commandsGroup('Providers:')
  const provider = program.command('provider').description('Register action providers in Globus Auth.')
  provider.summary('register action providers')
  ofClient(provider.command('register').summary('make a client, its secret and its scope, and a .env file'))
    .description(
      'Create a client, its secret and its scope, which depends on Globus Groups, or bring them up to date; and write them to a .env file.',
    )
    .option('--name <name>', 'what its users read (default: the name of the folder)')
    .option(
      '--project <project>',
      'id or name of the project it belongs to (default: your only one, or a new one)',
    )
    .option('--suffix <word>', 'the end of the scope', 'action_all')
    .option('--redirect <uri>', 'a redirect URI, repeatable', collect)
    .action(does(async () => (await import('./commands/provider.ts')).register))
  ofClient(provider.command('show').summary('how a provider is registered'))
    .description('Show how a provider is registered. Secrets are never shown.')
    .action(does(async () => (await import('./commands/provider.ts')).showProvider))
  ofClient(provider.command('rotate-secret').summary('replace the secret'))
    .description('Make a new secret, write it to the .env file, and remove the old ones.')
    .option('--keep-old', 'leave the old secrets valid until the next time')
    .action(does(async () => (await import('./commands/provider.ts')).rotateSecret))

  program.commandsGroup('Tools:')
  program.addCommand(emulatorCommand().name('emulator').summary('run a Globus Auth on this machine'))
  program
    .command('completion')
    .summary('complete commands in your shell')
    .description(
      'Print a script that completes commands. For bash: eval "$(action-provider completion bash)"',
    )
    .addArgument(program.createArgument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(
      does(async () => {
        const { completionScript } = await import('./commands/completion.ts')
        return async (shell) => {
          process.stdout.write(completionScript(program, shell))
        }
      }),
    )
  forEachCommand(program, (command) => strict(command))
  return program
}

const whoWords = 'a URN, a user name or one of your groups, repeatable'

function onProvider(command: Command): Command {
  return withLogin(withProvider(command, true))
}

function withProvider(command: Command, required: boolean): Command {
  return command
    .addOption(
      common('-u, --action-url <url>', `the provider's URL${required ? '' : ', to be logged in for'}`).env(
        'ACTION_URL',
      ),
    )
    .addOption(common('--action-scope <scope>', 'its scope (default: the one it names)').env('ACTION_SCOPE'))
}

function withLogin(command: Command): Command {
  return withCommon(command)
    .addOption(common('--token-file <file>', 'a file with a token to use instead of a login'))
    .addOption(
      common('--client-id <id>', 'the native application to log in as').env('GLOBUS_NATIVE_CLIENT_ID'),
    )
    .addOption(common('--no-browser', 'log in with a page on any machine, whose code you paste'))
}

function withCommon(command: Command): Command {
  return command
    .addOption(
      common('-f, --format <format>', 'of the result').choices(['table', 'json', 'yaml']).default('table'),
    )
    .addOption(common('-v, --verbose', 'show requests and answers on stderr, tokens masked'))
    .addOption(common('-q, --quiet', 'say nothing that is not needed'))
}

/** An option that many commands share stands below their own ones. */
function common(flags: string, description: string): Option {
  return new Option(flags, description).helpGroup('Common options:')
}

function ofClient(command: Command): Command {
  return withLogin(command)
    .option('--client <id>', 'the client (default: CLIENT_ID of the .env file)')
    .option('--env-file <file>', 'where its id, secret and scope are kept', '.env')
}

/** Errors are one line that says where to read on, and the end of the process is for `main` to bring about. */
function strict(command: Command): void {
  command.exitOverride().configureOutput({
    outputError(text, write) {
      const line = text.trim().replace(/\s*\n\s*/g, ' ')
      write(`${line}; see ${pathOf(command)} --help\n`)
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

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}

/** A repeatable option of which each value, or each part between commas, is one of its choices. */
function collectChoices(this: Option, value: string, before: string[] | undefined): string[] {
  const given = value.toLowerCase().split(',')
  const wrong = given.find((each) => !this.argChoices?.includes(each))
  if (wrong !== undefined)
    throw new InvalidArgumentError(`Allowed choices are ${this.argChoices?.join(', ')}.`)
  return [...(before ?? []), ...given]
}

function count(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It is a whole number from 1.')
  return Number(value)
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return text
}
