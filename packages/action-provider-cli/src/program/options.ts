import { type Command, InvalidArgumentError, Option } from 'commander'

/** Adds the options of commands that send requests to a provider. */
export function onProvider(command: Command): Command {
  return withTrust(withLogin(withProvider(command, 'required')))
}

/**
 * Adds the options that name a provider.
 * @param need whether the command requires a provider
 */
export function withProvider(command: Command, need: 'required' | 'optional'): Command {
  const words = need === 'required' ? "the provider's URL" : 'the URL of a provider to log in for'
  return command
    .addOption(common('-u, --action-url <url>', words).env('ACTION_URL'))
    .addOption(
      common('--action-scope <scope>', 'its scope (default: the one in its description)').env('ACTION_SCOPE'),
    )
}

/** Adds the option of commands that may send a token to a provider for the first time. */
export function withTrust(command: Command): Command {
  return command.addOption(common('--trust', 'send a token to a provider that is new to you, without asking'))
}

/** Adds the options of commands that need tokens. */
export function withLogin(command: Command): Command {
  return withCommon(command)
    .addOption(common('--token-file <file>', 'a file with a token to use instead of a login'))
    .addOption(
      common('--client-id <id>', 'the native application to log in as').env('GLOBUS_NATIVE_CLIENT_ID'),
    )
    .addOption(common('--no-browser', 'log in with a page on any machine, and paste its code'))
}

/** Adds the options of all commands. */
export function withCommon(command: Command): Command {
  return command
    .addOption(
      common('-f, --format <format>', 'the format of the result')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .addOption(common('-v, --verbose', 'show requests and answers on stderr, with tokens masked'))
    .addOption(common('-q, --quiet', 'print only necessary messages'))
}

/** Adds the options of commands that register a provider. */
export function ofClient(command: Command): Command {
  return withLogin(command)
    .option('--client <id>', 'the client (default: CLIENT_ID of the .env file)')
    .option('--save-to <file>', 'the .env file with its id, secret, scope and key', '.env')
}

/** An example, for the end of a command's help. */
export function example(line: string): string {
  return `\nExample:\n  ${line}`
}

/** Collects the values of a repeatable option. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}

/** Collects the values of a repeatable option with choices. A value may list several, separated by commas. */
export function collectChoices(this: Option, value: string, before: string[] | undefined): string[] {
  const given = value.toLowerCase().split(',')
  const wrong = given.find((each) => !this.argChoices?.includes(each))
  if (wrong !== undefined)
    throw new InvalidArgumentError(`Allowed choices are ${this.argChoices?.join(', ')}.`)
  return [...(before ?? []), ...given]
}

export function count(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It is a whole number from 1.')
  return Number(value)
}

/** An option that many commands share; help shows it below their own options. */
function common(flags: string, description: string): Option {
  return new Option(flags, description).helpGroup('Common options:')
}
