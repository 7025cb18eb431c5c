/** The documentation: it is sorted, its links lead somewhere, and its code is code that the compiler has checked. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { buildProgram } from '../packages/action-provider-cli/src/program/program.ts'
import { settingsTable } from '../packages/action-provider-tools/src/server/settings.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const find = (...patterns: string[]): string[] =>
  globSync(patterns, { cwd: root, exclude: (path) => path.includes('node_modules') })
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = find('*.md', 'docs/**/*.md', 'packages/*/README.md')

test('docs/README.md sorts every page of the documentation, each once', () => {
  const sorted = [...read('docs/README.md').matchAll(/^- \[[^\]]+\]\(([^)]+)\)/gm)].map(([, path]) => path)
  const there = find('docs/**/*.md').map((path) => relative('docs', path))
  expect(sorted.toSorted()).toEqual(there.filter((path) => path !== 'README.md').sort())
})

test.each(pages)('every file and section that %s links to is there', (page) => {
  const prose = read(page).replaceAll(/^```.*?^```/gms, '')
  for (const [, target = '', section] of prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
    const file = target === '' ? join(root, page) : resolve(root, dirname(page), target)
    expect(existsSync(file), target).toBe(true)
    if (section !== undefined) expect(sections(relative(root, file)), target).toContain(section)
  }
})

/** The anchors of a page's headings, as GitHub and the site make them. */
function sections(page: string): string[] {
  const prose = read(page).replaceAll(/^```.*?^```/gms, '')
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}

const checked = find('{examples,tools}/**/*.ts', 'test/**/*.ts', 'packages/*/{test,templates}/**/*.ts').map(
  (path) => lines(read(path)),
)

test.each(pages)('the code of %s is in a file that the compiler checks', (page) => {
  for (const [, block = ''] of read(page).matchAll(
    /^```(?:[jt]sx?|javascript|typescript)\b.*?\n(.*?)^```/gms,
  )) {
    const parts = block.trimEnd().split(LEFT_OUT).map(lines)
    expect(
      checked.some((file) => holds(file, parts)),
      `${block}\nPut it into a file of examples/guides, where it is checked and run`,
    ).toBe(true)
  }
})

/** Where a page leaves lines out: an empty line, or a comment with an ellipsis. */
const LEFT_OUT = /\n(?:\n| *\/\/ ….*\n)+/

function lines(text: string): string[] {
  return text.split('\n')
}

/** Whether a file has these parts, one after the other; each may be indented as a whole. */
function holds(file: string[], parts: string[][]): boolean {
  let from = 0
  for (const part of parts) {
    const at = file.findIndex((_, start) => start >= from && isAt(file, start, part))
    if (at === -1) return false
    from = at + part.length
  }
  return true
}

function isAt(file: string[], start: number, part: string[]): boolean {
  const indent = /^ */.exec(file[start] ?? '')?.[0].length ?? 0
  const own = /^ */.exec(part[0] ?? '')?.[0].length ?? 0
  const margin = ' '.repeat(Math.max(0, indent - own))
  return part.every((line, index) => file[start + index] === (line === '' ? '' : margin + line))
}

test('docs/settings.md has the table of settings as it is', async () => {
  const table = settingsTable().trimEnd().replaceAll('](docs/', '](')
  const page = read('docs/settings.md').replace(/^\|.*\|$/ms, () => table)
  await expect(page).toMatchFileSnapshot('../docs/settings.md')
})

test('docs/cli-reference.md is the help of every command', async () => {
  const commands = every(buildProgram({ exitCode: 0 }))
  const page = [
    '# Commands and their options',
    '',
    'What `action-provider <command> --help` says. `npx vitest run test/docs.test.ts --update` writes this page anew.',
    ...commands.flatMap(([path, command]) => [
      '',
      `## ${path}`,
      '',
      '```text',
      help(command).trimEnd(),
      '```',
    ]),
  ]
  await expect(`${page.join('\n')}\n`).toMatchFileSnapshot('../docs/cli-reference.md')
})

function every(command: Command, path = command.name()): [string, Command][] {
  return [[path, command], ...command.commands.flatMap((each) => every(each, `${path} ${each.name()}`))]
}

function help(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (more) => (text += more), getOutHelpWidth: () => 80 })
  command.outputHelp()
  return text
}
