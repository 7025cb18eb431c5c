import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asDescription, checkProvider } from '../packages/action-provider-cli/src/check/check-provider.ts'
import { inputsOf } from '../packages/action-provider-cli/src/check/inputs.ts'
import { startPostgres, type TestPostgres } from '../packages/action-provider-tools/test/postgres.ts'
import { type Globus, helloWorld, startGlobus, startProgram, watchasay } from './program.ts'

/** The examples do what the interface says, whichever store they are on. */

let globus: Globus
let postgres: TestPostgres
let folder: string
beforeAll(async () => {
  globus = await startGlobus()
  postgres = await startPostgres()
  folder = await mkdtemp(join(tmpdir(), 'conformance-'))
})
afterAll(async () => {
  await globus.close()
  await postgres.close()
  await rm(folder, { recursive: true, force: true })
})

const database = {
  SQLite: async (name: string) => `sqlite:${join(folder, `${name}.db`)}`,
  PostgreSQL: (name: string) => postgres.createDatabase(name),
}

test.each([
  ['watchasay', watchasay, 'SQLite', undefined],
  ['watchasay', watchasay, 'PostgreSQL', undefined],
  ['hello_world', helloWorld, 'SQLite', { echo_string: 'hey' }],
  ['hello_world', helloWorld, 'PostgreSQL', { echo_string: 'hey' }],
] as const)('%s (%s) conforms on %s', async (name, main, store, body) => {
  const DATABASE_URL = await database[store](name)
  const program = await startProgram(main, { ...globus.environment, DATABASE_URL, LOG_LEVEL: 'silent' })
  const description = asDescription(await (await fetch(program.url)).json())
  const { input, unfit, unusable } = await inputsOf(description.input_schema, body)
  const report = await checkProvider({
    ...{ url: new URL(program.url), description, input, unfitInput: unfit, unusableSchema: unusable },
    token: await globus.token('alice'),
    otherToken: await globus.token('bob'),
    timeLimit: 120_000,
  })
  await program.signal('SIGTERM')
  expect(report.results.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  expect(report).toMatchObject({ complete: true, left: [] })
})
