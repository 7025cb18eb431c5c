import { type Command, Option } from 'commander'
import { collect, collectChoices, count, example, onProvider } from './options.ts'
import type { Does } from './work.ts'

const whoWords = 'a URN, a user name or one of your groups, repeatable'
const watchWords = 'follow it until it is complete'

/** The commands of the interface's operations. Their aliases are the names that the last Python client gave them. */
export function addActionCommands(program: Command, does: Does): void {
  onProvider(
    program
      .command('introspect')
      .aliases(['action-introspect', 'action-provider-introspect'])
      .summary('what a provider is and takes')
      .description('Show what a provider is, who may use it, and what input it takes.')
      .addHelpText('after', example('action-provider introspect -u https://example.org/skeleton'))
      .action(does(async () => (await import('../commands/introspect.ts')).introspect)),
  )
  onProvider(
    program
      .command('openapi')
      .summary("a provider's OpenAPI document")
      .description(
        'Print the OpenAPI document of a provider that has one, for tools that make clients and for Registered APIs. It is JSON, or YAML where that is asked for.',
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
      .description('Start an action. Without --body, each field of the input is asked for.')
      .option('-b, --body <json>', 'the input: JSON, @FILE, a file name, or - for standard input')
      .option(
        '--request-id <id>',
        'repeating a request with its id starts nothing twice (default: a new UUID)',
      )
      .option('-l, --label <text>', 'a name for the action, up to 64 characters')
      .option('--manage-by <who>', `who else may change it: ${whoWords}`, collect)
      .option('--monitor-by <who>', `who else may see it: ${whoWords}`, collect)
      .option('--deadline <time>', 'when it must be done, like 2030-01-31T12:00:00Z')
      .option('--release-after <duration>', 'how long it is kept when complete, like P30D or seconds')
      .option('-w, --watch', watchWords)
      .addHelpText('after', example(`action-provider run --body '{"input_string": "hey"}' --watch`))
      .action(does(async () => (await import('../commands/run.ts')).run)),
  )
  onProvider(
    program
      .command('status')
      .alias('action-status')
      .summary('how an action is')
      .description('Show how an action is.')
      .argument('<action-id>', 'what run answered, and list shows')
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
      .summary('go on with an action that waits')
      .description('Go on with an INACTIVE action. Where it waits for your consent, that is asked for first.')
      .argument('<action-id>')
      .option('--no-consent', 'do not look whether consent is needed')
      .option('-w, --watch', watchWords)
      .addHelpText('after', example(`action-provider resume ${anId} --watch`))
      .action(does(async () => (await import('../commands/resume.ts')).resume)),
  )
  onProvider(
    program
      .command('release')
      .alias('action-release')
      .summary('forget a complete action')
      .description('Have the provider forget a complete action, and show it for the last time.')
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
      .summary('what happened to an action')
      .description('Show what happened to an action. With --watch and json, each entry is a line of its own.')
      .argument('<action-id>')
      .option('-w, --watch', 'follow it until the action is complete')
      .addOption(
        new Option('--limit <number>', 'at most so many entries').argParser(count).conflicts('watch'),
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
        new Option('--role <role>', 'what you are to them, repeatable (default: creator)')
          .choices(['creator', 'monitor', 'manager', 'all'])
          .argParser(collectChoices),
      )
      .option('--limit <number>', 'at most so many', count)
      .addHelpText('after', example('action-provider list --status all --role manager'))
      .action(does(async () => (await import('../commands/list.ts')).list)),
  )
}
