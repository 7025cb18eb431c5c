import type { Command } from 'commander'
import { example, withCommon, withLogin, withProvider, withTrust } from './options.ts'
import type { Does } from './work.ts'

/** Adds the commands that get and revoke tokens. */
export function addLoginCommands(program: Command, does: Does): void {
  withTrust(
    withLogin(
      withProvider(
        program
          .command('login')
          .summary('log in')
          .description('Log in through a browser. With --action-url, also for the scope of that provider.')
          .addHelpText('after', example('action-provider login -u https://example.org/skeleton'))
          .action(does(async () => (await import('../commands/login.ts')).login)),
        'optional',
      ),
    ),
  )
  withCommon(
    withProvider(
      program
        .command('logout')
        .summary('revoke and forget your tokens')
        .description(
          'Revoke and forget your tokens; with --action-url or --action-scope, only those of that provider.',
        )
        .addHelpText('after', example('action-provider logout'))
        .action(does(async () => (await import('../commands/logout.ts')).logout)),
      'optional',
    ),
  )
  withLogin(
    program
      .command('whoami')
      .summary('who you are')
      .description('Show who you are logged in as, and for which scopes.')
      .addHelpText('after', example('action-provider whoami --format json'))
      .action(does(async () => (await import('../commands/whoami.ts')).whoami)),
  )
}
