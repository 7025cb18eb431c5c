import type { Command } from 'commander'
import { collect, example, ofClient } from './options.ts'
import type { Does } from './work.ts'

/** The commands that register a provider in Globus Auth. */
export function addProviderCommands(program: Command, does: Does): void {
  const provider = program
    .command('provider')
    .summary('register action providers')
    .description('Register action providers in Globus Auth.')
    .addHelpText('after', example('action-provider provider register --name "My provider"'))
  ofClient(
    provider
      .command('register')
      .summary('make a client, its secret and its scope, and a .env file')
      .description(
        'Create a client, its secret and its scope, which depends on Globus Groups, or bring them up to date; and write them to a .env file, with a key for the secrets that the provider keeps.',
      )
      .option('--name <name>', 'what its users read (default: the name of the folder)')
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
      .summary('how a provider is registered')
      .description('Show how a provider is registered. Secrets are never shown.')
      .addHelpText('after', example('action-provider provider show'))
      .action(does(async () => (await import('../commands/provider.ts')).showProvider)),
  )
  ofClient(
    provider
      .command('rotate-secret')
      .summary('replace the secret')
      .description(
        'Make a new secret, write it to the .env file, and remove the old ones. What running work has sealed stays readable.',
      )
      .option('--keep-old', 'leave the old secrets valid until the next time')
      .addHelpText('after', example('action-provider provider rotate-secret --keep-old'))
      .action(does(async () => (await import('../commands/provider.ts')).rotateSecret)),
  )
}
