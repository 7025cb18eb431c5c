import { type Command, Option } from 'commander'
import { collect, count, example, ofClient, onProvider } from './options.ts'
import type { Does } from './work.ts'

/** Adds the commands for operators of a provider: check it, and register it in Globus Auth. */
export function addProviderCommands(program: Command, does: Does): void {
  onProvider(
    program
      .command('check')
      .summary('verify that a provider follows the interface')
      .description(
        'Verify that a provider follows the Action Provider Interface. It starts about ten actions and releases them; it changes nothing else.',
      )
      .argument('[url]', "the provider's URL (default: --action-url)")
      .option(
        '-b, --body <json>',
        'an input that works: JSON, @FILE, a file name, or - (default: made from its schema)',
      )
      .option('--as-other-token-file <file>', 'a file with a token of another caller, to check access')
      .option('--only <id>', 'a check, or a kind of them such as run; repeatable', collect)
      .option('--junit <file>', 'also write the result as JUnit XML')
      .addOption(new Option('--time-limit <seconds>', 'how long it may take').argParser(count).default(300))
      .addHelpText('after', example('action-provider check https://example.org/skeleton'))
      .action(does(async () => (await import('../commands/check.ts')).check)),
  )
  const provider = program
    .command('provider')
    .summary('register action providers')
    .description('Register action providers in Globus Auth.')
    .addHelpText('after', example('action-provider provider register --name "My provider"'))
  ofClient(
    provider
      .command('register')
      .summary('create a client, its secret and its scope, and a .env file')
      .description(
        'Create or update a client, its secret and its scope, which depends on Globus Groups. Write them to a .env file, with a key that encrypts the sealed state of unfinished work.',
      )
      .option('--name <name>', 'the name that users see (default: the name of the folder)')
      .option(
        '--project <project>',
        'id or name of the project it belongs to (default: your only one, or a new one)',
      )
      .option('--suffix <word>', 'the end of the scope', 'action_all')
      .option('--redirect <uri>', 'a redirect URI, repeatable', collect)
      .addHelpText('after', example('action-provider provider register --save-to my-provider.env'))
      .action(does(async () => (await import('../commands/provider.ts')).register)),
  )
  ofClient(
    provider
      .command('show')
      .summary('the registration of a provider')
      .description('Show the registration of a provider, without secrets.')
      .addHelpText('after', example('action-provider provider show'))
      .action(does(async () => (await import('../commands/provider.ts')).showProvider)),
  )
  ofClient(
    provider
      .command('rotate-secret')
      .summary('replace the secret')
      .description(
        'Make a new secret, write it to the .env file, and remove the old ones. Sealed state of unfinished work stays readable.',
      )
      .option('--keep-old', 'leave the old secrets valid until the next time')
      .addHelpText('after', example('action-provider provider rotate-secret --keep-old'))
      .action(does(async () => (await import('../commands/provider.ts')).rotateSecret)),
  )
}
