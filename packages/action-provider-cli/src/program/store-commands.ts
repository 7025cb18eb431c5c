import { type Command, Option } from 'commander'
import { example, withCommon } from './options.ts'
import type { Does } from './work.ts'

/** The commands for who keeps a provider's database. */
export function addStoreCommands(program: Command, does: Does): void {
  const store = program
    .command('store')
    .summary("move a provider's actions to another database")
    .description("Move a provider's actions to another database, by way of a file.")
    .addHelpText('after', example('action-provider store export actions.ndjson.gz'))
  const url = (words: string): Option => new Option('--store <url>', words).env('DATABASE_URL')
  withCommon(
    store
      .command('export')
      .summary('write all that a database keeps to a file')
      .description(
        'Write all that a database keeps to a file: actions, requests, logs, jobs, and what is sealed, as it is. Stop the instances first.',
      )
      .argument('<file>', 'the file, compressed where its name ends in .gz; - for standard output')
      .addOption(url('sqlite:PATH or postgres://…').makeOptionMandatory())
      .option('--while-running', 'on PostgreSQL: as it is at this moment, though instances work')
      .addHelpText(
        'after',
        example('action-provider store export actions.ndjson.gz --store sqlite:data/actions.db'),
      )
      .action(does(async () => (await import('../commands/store.ts')).exportActions)),
  )
  withCommon(
    store
      .command('import')
      .summary('read such a file into an empty database')
      .description(
        'Read such a file into an empty database. What was interrupted goes on when it is run again. No instance opens the database before it is complete.',
      )
      .argument('<file>', 'the file; - for standard input')
      .addOption(url('sqlite:PATH or postgres://…').makeOptionMandatory())
      .addHelpText(
        'after',
        example('action-provider store import actions.ndjson.gz --store postgres://db/actions'),
      )
      .action(does(async () => (await import('../commands/store.ts')).importActions)),
  )
  withCommon(
    store
      .command('verify')
      .summary('whether a file is whole, and a database has the same')
      .description(
        'Check that a file is whole by its counts and its hash; and, with --store, that a database has the same: no more, no less, nothing changed.',
      )
      .argument('<file>', 'the file; - for standard input')
      .addOption(new Option('--store <url>', 'the database to compare with: sqlite:PATH or postgres://…'))
      .option('--while-running', 'on PostgreSQL: as it is at this moment, though instances work')
      .addHelpText(
        'after',
        example('action-provider store verify actions.ndjson.gz --store postgres://db/actions'),
      )
      .action(does(async () => (await import('../commands/store.ts')).verifyActions)),
  )
}
