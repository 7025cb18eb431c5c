import { type Command, Option } from 'commander'
import { example, withCommon } from './options.ts'
import type { Does } from './work.ts'

/** Adds the commands for operators of a provider's database. */
export function addStoreCommands(program: Command, does: Does): void {
  const store = program
    .command('store')
    .summary("move a provider's actions to another database")
    .description("Move a provider's actions to another database, through a file.")
    .addHelpText('after', example('action-provider store export actions.ndjson.gz'))
  const url = (description: string): Option => new Option('--store <url>', description).env('DATABASE_URL')
  withCommon(
    store
      .command('export')
      .summary('export a database to a file')
      .description(
        'Export everything in a database to a file: actions, requests, logs, jobs, and the sealed state, which stays encrypted. Stop the instances first.',
      )
      .argument('<file>', 'the file, compressed if its name ends in .gz; - for standard output')
      .addOption(url('sqlite:PATH or postgres://…').makeOptionMandatory())
      .option('--while-running', 'PostgreSQL only: use the current state, while instances run')
      .addHelpText(
        'after',
        example('action-provider store export actions.ndjson.gz --store sqlite:data/actions.db'),
      )
      .action(does(async () => (await import('../commands/store.ts')).exportActions)),
  )
  withCommon(
    store
      .command('import')
      .summary('import an exported file into an empty database')
      .description(
        'Import an exported file into an empty database. Run it again to continue an interrupted import. No instance opens the database before the import is complete.',
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
      .summary('check a file, and compare a database with it')
      .description(
        'Check by its counts and its hash that a file is complete. With --store, also check that a database has exactly the same content.',
      )
      .argument('<file>', 'the file; - for standard input')
      .addOption(new Option('--store <url>', 'the database to compare with: sqlite:PATH or postgres://…'))
      .option('--while-running', 'PostgreSQL only: use the current state, while instances run')
      .addHelpText(
        'after',
        example('action-provider store verify actions.ndjson.gz --store postgres://db/actions'),
      )
      .action(does(async () => (await import('../commands/store.ts')).verifyActions)),
  )
}
