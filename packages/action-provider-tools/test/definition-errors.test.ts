import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** What the compiler says of definitions with one mistake each: where, and in which words. */

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

const managed = 'run: ({ input, signal }) => ({ said: input.text, ended: signal.aborted })'
const remote = 'start: ({ input }) => input.text, poll: ({ handle }) => ({ done: { handle } })'
const ownState = `run: ({ auth, request, input }) => answer(auth.username, request.label, input.text),
  status: ({ action_id }) => answer(action_id),
  cancel: ({ auth }) => answer(auth.username)`

/** Options of a definition beside its description and input; the line and the message that the mistake is told with. */
const mistakes: { name: string; options: string; at: string; says: string }[] = [
  {
    name: 'a misspelt option',
    options: `\nnamespce: 'x',\n${managed}`,
    at: 'namespce',
    says: "'namespce' does not exist in type 'ManagedDefinition<",
  },
  {
    name: 'what was meant',
    options: `\nnamespce: 'x',\n${managed}`,
    at: 'namespce',
    says: "Did you mean to write 'namespace'?",
  },
  {
    name: 'an option of the wrong type',
    options: `\nconcurrency: '4',\n${managed}`,
    at: 'concurrency',
    says: "Type 'string' is not assignable to type 'number | Concurrency<",
  },
  {
    name: 'a misspelt part of concurrency',
    options: `\nconcurrency: { perCaler: 3 },\n${managed}`,
    at: 'perCaler',
    says: "Did you mean to write 'perCaller'?",
  },
  {
    name: 'a misspelt part of an option',
    options: `\nretry: { limt: 3 },\n${managed}`,
    at: 'limt',
    says: "'limt' does not exist in type 'RetryPolicy'. Did you mean to write 'limit'?",
  },
  {
    name: 'a misspelt name of the work',
    options: '\nrunn: () => ({}),\n',
    at: 'runn',
    says: "'runn' does not exist in type 'Definition<",
  },
  {
    name: 'a misspelt field of the description',
    options: `\n${managed},\ndescription: { ...description, synchronus: true }`,
    at: 'synchronus',
    says: "Did you mean to write 'synchronous'?",
  },
  {
    name: 'a misspelt option of remote work',
    options: `\npollIntervall: 3,\n${remote}`,
    at: 'pollIntervall',
    says: "'pollIntervall' does not exist in type 'RemoteDefinition<",
  },
  {
    name: 'a misspelt function of remote work',
    options: '\nstart: () => 1,\npol: () => ({ done: {} }),\n',
    at: 'pol',
    says: "'pol' does not exist in type 'RemoteDefinition<",
  },
  {
    name: 'a misspelt callback',
    options: `\n${ownState},\nrelese: () => answer()`,
    at: 'relese',
    says: "'relese' does not exist in type 'CallbackDefinition<",
  },
  {
    name: 'an option that own state has no use for',
    options: `\n${ownState},\nrelease: () => answer(),\nretry: {}`,
    at: 'retry',
    says: "'retry' does not exist in type 'CallbackDefinition<",
  },
  {
    name: 'a field that the input does not have',
    options: '\nrun: ({ input }) => ({\n  said: input.txt }),\n',
    at: 'input.txt',
    says: "Property 'txt' does not exist on type '{ text: string; }'. Did you mean 'text'?",
  },
  {
    name: 'a result that is no details',
    options: '\nrun: () => 3,\n',
    at: 'run',
    says: "Type 'number' is not assignable to type",
  },
]

const source = (options: string): string => `
import { type ActionStatus, defineActionProvider } from ${JSON.stringify(path('../src/index.ts'))}
const description = { title: 'x', admin_contact: 'x', synchronous: true } as const
const input = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } as const
declare const answer: (...given: unknown[]) => ActionStatus
export const provider = defineActionProvider({ input, ${options.includes('description') ? '' : 'description,'} ${options} })
`

/** The compiler takes seconds, and more where others are at work. */
const PATIENCE = 240_000

let folder: string
let output: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'definitions-'))
  const correct = [
    managed,
    `${remote}, cancel: ({ handle }) => handle`,
    `${ownState}, release: () => answer()`,
  ]
  const sources = [...correct, ...mistakes.map(({ options }) => options)].map(source)
  await Promise.all(sources.map((text, index) => writeFile(join(folder, `${index}.mts`), text)))
  const configuration = {
    extends: path('../../../tsconfig.base.json'),
    compilerOptions: {
      noEmit: true,
      rewriteRelativeImportExtensions: false,
      typeRoots: [path('../../../node_modules/@types')],
    },
    include: ['*.mts'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configuration))
  const tsc = path('../../../node_modules/.bin/tsc')
  output = await promisify(execFile)(tsc, ['-p', folder, '--pretty', 'false']).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  )
}, PATIENCE)
afterAll(() => rm(folder, { recursive: true, force: true }))

const CORRECT = 3

/** What is said of a file: of each error its line and its text. */
function errorsOf(index: number): { line: number; text: string }[] {
  return output.split(/^(?=\S)/m).flatMap((text) => {
    const [, file, line] = /(\d+)\.mts\((\d+),\d+\)/.exec(text) ?? []
    return Number(file) === index ? [{ line: Number(line), text }] : []
  })
}

test('the three kinds of definition compile, with their functions typed', () => {
  for (let index = 0; index < CORRECT; index++) expect(errorsOf(index)).toEqual([])
})

test.each(mistakes.map((mistake, index) => ({ ...mistake, index: index + CORRECT })))(
  '$name is told where it stands',
  ({ options, at, says, index }) => {
    const errors = errorsOf(index)
    const lines = source(options).split('\n')
    const told = errors.find(({ text }) => text.includes(says))
    expect(told?.text, output).toContain(says)
    expect(lines[Number(told?.line) - 1]).toContain(at)
  },
)
