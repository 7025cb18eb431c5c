/** The commands that the documentation names: there are such scripts, subcommands, options and templates. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { buildProgram } from '../packages/action-provider-cli/src/program/program.ts'
import { readOptions } from '../packages/create-action-provider/src/options.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...find('docs/**/*.md'),
  ...find('packages/{*,*/templates/*}/README.md'),
]

function find(pattern: string): string[] {
  return globSync(pattern, { cwd: root, exclude: (path) => path.includes('node_modules') })
}

/** The scripts of this repository, of its packages, and of a project that `npm create action-provider` made. */
const scripts = new Set(
  [
    'package.json',
    'packages/create-action-provider/templates/base/package.json',
    ...find('packages/*/package.json'),
  ]
    .map((path) => JSON.parse(read(path)) as { scripts?: Record<string, string> })
    .flatMap(({ scripts }) => Object.keys(scripts ?? {})),
)

const cli = buildProgram({ exitCode: 0 })

test.each(pages)('every command that %s names is there', (page) => {
  for (const command of commandsOf(read(page))) {
    const problem = problemOf(command)
    expect(problem, `${command.join(' ')}: ${problem}`).toBeUndefined()
  }
})

test('a command that is not there is found', () => {
  const page = ['```sh', 'PORT=1 npm run nothing | npx action-provider run --nothing', '```'].join('\n')
  expect(commandsOf(page).map(problemOf)).toEqual(['no script nothing', 'no option --nothing of run'])
  expect(commandsOf('`npm create action-provider@latest x -- --template none`').map(problemOf)).toEqual([
    expect.stringContaining('No template is called "none"'),
  ])
  expect(commandsOf('`action-provider nothing`').map(problemOf)).toEqual(['no command nothing'])
})

/** The commands of shell blocks and of words in backticks, each as its words. */
function commandsOf(page: string): string[][] {
  const blocks = [...page.matchAll(/^```sh.*?\n(.*?)^```/gms)].map(([, code = '']) => code)
  const typed = [...page.matchAll(/^```console.*?\n(.*?)^```/gms)].flatMap(([, code = '']) =>
    [...code.matchAll(/^\$ (.*(?:\\\n.*)*)/gm)].map(([, line = '']) => line),
  )
  const inline = [...page.replaceAll(/^```.*?^```/gms, '').matchAll(/`([^`]+)`/g)].map(
    ([, code = '']) => code,
  )
  return [...blocks, ...typed, ...inline].flatMap((text) =>
    text
      .replaceAll(/\\\n\s*/g, ' ')
      .replaceAll(/'[^']*'|"[^"]*"/g, 'QUOTED')
      .split(/\n|&&|[|;]/)
      .map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
      .map((words) => words.slice(words.findIndex((word) => !/^(\w+=.*|export|sudo|npx)$/.test(word))))
      .filter(([first]) => first === 'npm' || first === 'action-provider'),
  )
}

/** What of a command is not there; `undefined` where all of it is. */
function problemOf([program, ...words]: string[]): string | undefined {
  if (program === 'action-provider') return problemOfCli(words)
  const [verb, ...rest] = words.filter((word) => word !== '-s')
  const [name = ''] = rest
  if (verb === 'run' && !scripts.has(name)) return `no script ${name}`
  if (verb === 'run' && name === 'cli') return problemOfCli(rest.slice(rest.indexOf('--') + 1))
  if (verb !== 'create' || !name.startsWith('action-provider')) return undefined
  try {
    readOptions(rest.slice(1).filter((word) => word !== '--'))
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function problemOfCli(words: readonly string[]): string | undefined {
  let command: Command = cli
  const options = ['--help', ...longs(cli)]
  for (const word of words) {
    const next = command.commands.find((each) => [each.name(), ...each.aliases()].includes(word))
    if (next !== undefined) {
      command = next
      options.push(...longs(next))
    } else if (word.startsWith('--') && !options.includes(word.replace(/=.*/, ''))) {
      return `no option ${word} of ${command.name()}`
    } else if (command === cli && /^[a-z][a-z-]*$/.test(word) && !['help', 'completion'].includes(word)) {
      return `no command ${word}`
    }
  }
  return undefined
}

function longs(command: Command): string[] {
  return command.options.flatMap(({ long }) => long ?? [])
}
