import { type Command, Option } from 'commander'
import { collect, collectChoices, count, example, onProvider } from './options.ts'
import type { Does } from './work.ts'

const whoWords = 'a URN, a user name or one of your groups, repeatable'
const watchWords = 'follow it until it is complete'

/**
 * Adds the commands for the operations of the interface. Their aliases are the names of the last Python
 * client.
 */
export function addActionCommands(program: Command, does: Does): void {
  onProvider(
    program
      .command('introspect')
      .aliases(['action-introspect', 'action-provider-introspect'])
      .summary('the description and input of a provider')
      .description('Show the description of a provider, who may use it, and its input.')
      .addHelpText('after', example('action-provider introspect -u https://example.org/skeleton'))
      .action(does(async () => (await import('../commands/introspect.ts')).introspect)),
  )
  onProvider(
    program
      .command('openapi')
      .summary("a provider's OpenAPI document")
      .description(
        'Print the OpenAPI document of a provider that has one, for client generators and for Registered APIs. It is JSON, or YAML with --format yaml.',
      )
      .addHelpText(
        'after',
        example('action-provider openapi -u https://example.org/skeleton > skeleton.json'),
      )
      .action(does(async () => (await import('../commands/openapi.ts')).openapi)),
  )
  onProvider(
    program
      .command('run')
      .alias('action-run')
      .summary('start an action')
      .description('Start an action. Without --body, you are asked for each field of the input.')
      .option('-b, --body <json>', 'the input: JSON, @FILE, a file name, or - for standard input')
      .option(
        '--request-id <id>',
        'repeating a request with its id starts nothing twice (default: a new UUID)',
      )
      .option('-l, --label <text>', 'a name for the action, up to 64 characters')
      .option('--manage-by <who>', `who else may change it: ${whoWords}`, collect)
      .option('--monitor-by <who>', `who else may see it: ${whoWords}`, collect)
      .option('--deadline <time>', 'when it must have ended, like 2030-01-31T12:00:00Z')
      .option('--release-after <duration>', 'how long it is kept when complete, like P30D or seconds')
      .option('-w, --watch', watchWords)
      .addHelpText('after', example(`action-provider run --body '{"input_string": "hey"}' --watch`))
      .action(does(async () => (await import('../commands/run.ts')).run)),
  )
  onProvider(
    program
      .command('status')
      .alias('action-status')
      .summary('the status of an action')
      .description('Show the status of an action.')
      .argument('<action-id>', 'the id that run and list show')
      .option('-w, --watch', watchWords)
      .addHelpText('after', example(`action-provider status ${anId} --watch`))
      .action(does(async () => (await import('../commands/status.ts')).status)),
  )
  addLogCommand(program, does)
  onProvider(
    program
      .command('cancel')
      .alias('action-cancel')
      .summary('end an action')
      .description('End an action that is not complete.')
      .argument('<action-id>')
      .addHelpText('after', example(`action-provider cancel ${anId}`))
      .action(does(async () => (await import('../commands/change.ts')).cancel)),
  )
  onProvider(
    program
      .command('resume')
      .alias('action-resume')
      .summary('resume an INACTIVE action')
      .description('Resume an INACTIVE action. If it waits for your consent, you are asked for it first.')
      .argument('<action-id>')
      .option('--no-consent', 'do not ask for consent')
      .option('-w, --watch', watchWords)
      .addHelpText('after', example(`action-provider resume ${anId} --watch`))
      .action(does(async () => (await import('../commands/resume.ts')).resume)),
  )
  onProvider(
    program
      .command('release')
      .alias('action-release')
      .summary('release a complete action')
      .description('Release a complete action: the provider forgets it. Its last status is shown.')
      .argument('<action-id>')
      .addHelpText('after', example(`action-provider release ${anId}`))
      .action(does(async () => (await import('../commands/change.ts')).release)),
  )
  addListCommand(program, does)
}

const anId = '01a20c54-afee-7573-a4b8-bc10d3f580b6'

function addLogCommand(program: Command, does: Does): void {
  onProvider(
    program
      .command('log')
      .alias('action-log')
      .summary('the log of an action')
      .description('Show the log of an action. With --watch and json, each entry is a line of its own.')
      .argument('<action-id>')
      .option('-w, --watch', 'follow it until the action is complete')
      .addOption(
        new Option('--limit <number>', 'the most entries to show').argParser(count).conflicts('watch'),
      )
      .addOption(new Option('--reverse', 'newest first').conflicts('watch'))
      .option('--since <time>', 'no entry before, like 2030-01-31T12:00:00Z')
      .addOption(new Option('--until <time>', 'no entry after').conflicts('watch'))
      .addHelpText('after', example(`action-provider log ${anId} --reverse --limit 10`))
      .action(does(async () => (await import('../commands/log.ts')).log)),
  )
}

function addListCommand(program: Command, does: Does): void {
  onProvider(
    program
      .command('list')
      .alias('action-list')
      .summary('your actions')
      .description('List actions, newest first.')
      .addOption(
        new Option('--status <status>', 'repeatable (default: active)')
          .choices(['active', 'inactive', 'succeeded', 'failed', 'all'])
          .argParser(collectChoices),
      )
      .addOption(
        new Option('--role <role>', 'your role in them, repeatable (default: creator)')
          .choices(['creator', 'monitor', 'manager', 'all'])
          .argParser(collectChoices),
      )
      .option('--limit <number>', 'the most actions to show', count)
      .addHelpText('after', example('action-provider list --status all --role manager'))
      .action(does(async () => (await import('../commands/list.ts')).list)),
  )
}
