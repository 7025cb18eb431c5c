import { type Command, InvalidArgumentError, Option } from 'commander'

/** Options of the commands that ask a provider. */
export function onProvider(command: Command): Command {
  return withTrust(withLogin(withProvider(command, 'required')))
}

/** @param need whether the command does nothing without a provider */
export function withProvider(command: Command, need: 'required' | 'optional'): Command {
  const words = need === 'required' ? "the provider's URL" : 'the URL of a provider to log in for'
  return command
    .addOption(common('-u, --action-url <url>', words).env('ACTION_URL'))
    .addOption(
      common('--action-scope <scope>', 'its scope (default: the one in its description)').env('ACTION_SCOPE'),
    )
}

/** The option of the commands that may send a token to a provider for the first time. */
export function withTrust(command: Command): Command {
  return command.addOption(common('--trust', 'send a token to a provider that is new to you, without asking'))
}

/** Options of the commands that need tokens. */
export function withLogin(command: Command): Command {
  return withCommon(command)
    .addOption(common('--token-file <file>', 'a file with a token to use instead of a login'))
    .addOption(
      common('--client-id <id>', 'the native application to log in as').env('GLOBUS_NATIVE_CLIENT_ID'),
    )
    .addOption(common('--no-browser', 'log in with a page on any machine, and paste its code'))
}

/** Options of all commands. */
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

/** Options of the commands that register a provider. */
export function ofClient(command: Command): Command {
  return withLogin(command)
    .option('--client <id>', 'the client (default: CLIENT_ID of the .env file)')
    .option('--save-to <file>', 'the .env file with its id, secret, scope and key', '.env')
}

/** How a command is used, at the end of its help. */
export function example(line: string): string {
  return `\nExample:\n  ${line}`
}

/** A repeatable option. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value]
}

/** A repeatable option of which each value, or each part between commas, is one of its choices. */
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

/** An option that many commands share stands below their own ones. */
function common(flags: string, description: string): Option {
  return new Option(flags, description).helpGroup('Common options:')
}
