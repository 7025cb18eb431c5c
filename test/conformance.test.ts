import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asDescription, checkProvider } from '../packages/action-provider-cli/src/check/check-provider.ts'
import { inputsOf } from '../packages/action-provider-cli/src/check/inputs.ts'
import { startPostgres, type TestPostgres } from '../packages/action-provider-tools/test/postgres.ts'
import {
  approval,
  type Globus,
  helloWorld,
  ownState,
  several,
  startGlobus,
  startProgram,
  watchasay,
} from './program.ts'

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

/** @property patience how long its actions are waited for, in milliseconds, before they are canceled */
type Example = { main: string; paths?: string[]; body?: unknown; patience?: number }
const examples: Record<string, Example> = {
  watchasay: { main: watchasay },
  hello_world: { main: helloWorld, body: { echo_string: 'hey' } },
  // Nobody approves.
  approval: { main: approval, patience: 0 },
  several: { main: several, paths: ['/echo', '/count-down'] },
}

describe.each(['SQLite', 'PostgreSQL'] as const)('on %s', (store) => {
  test.each(Object.entries(examples))('%s conforms', async (name, example) => {
    await conforms(example, { DATABASE_URL: await database[store](name) })
  })
})

test('own-state, which keeps its actions itself, conforms', () => conforms({ main: ownState }, {}))

async function conforms(
  { main, paths, body, patience }: Example,
  environment: Record<string, string>,
): Promise<void> {
  const program = await startProgram(
    main,
    { ...globus.environment, ...environment, LOG_LEVEL: 'silent' },
    { cwd: folder },
  )
  for (const url of paths?.map((path) => new URL(path, program.url)) ?? [new URL(program.url)]) {
    const description = asDescription(await (await fetch(url)).json())
    const { input, unfit, unusable } = await inputsOf(description.input_schema, body)
    const report = await checkProvider({
      ...{ url, description, input, unfitInput: unfit, unusableSchema: unusable },
      token: await globus.token('alice'),
      otherToken: await globus.token('bob'),
      timeLimit: 120_000,
      ...(patience !== undefined && { patience }),
    })
    expect(report.results.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    expect(report).toMatchObject({ complete: true, left: [] })
  }
  await program.signal('SIGTERM')
}
