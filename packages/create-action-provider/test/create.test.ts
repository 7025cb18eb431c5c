import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { TEMPLATES } from '../src/templates.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'create-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

type End = { code: number | null; stdout: string; stderr: string }

async function create(args: readonly string[], env: Record<string, string> = {}): Promise<End> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...process.env, npm_config_user_agent: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}

const BARE = ['--no-install', '--no-git']
const read = (...path: string[]): Promise<string> => readFile(join(folder, ...path), 'utf8')

test('with -y it makes a project of the defaults', async () => {
  const { code, stdout } = await create(['-y', ...BARE])
  expect(code).toBe(0)
  expect(stdout).toContain('  cd my-action-provider\n  npm install\n  npm start\n')
  const { name, dependencies } = JSON.parse(await read('my-action-provider', 'package.json'))
  expect(name).toBe('my-action-provider')
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  expect(dependencies['action-provider-tools']).toBe(`^${version}`)
  expect(await read('my-action-provider', 'src/provider.ts')).toContain("title: 'My action provider'")
})

test('where nobody can be asked, it takes the defaults, too', async () => {
  expect(await create(['word-count', ...BARE])).toMatchObject({ code: 0, stderr: '' })
  expect(await read('word-count', 'src/main.ts')).toContain("prefix: '/word-count'")
})

describe.each(Object.keys(TEMPLATES))('the template %s', (template) => {
  test('leaves nothing to fill in, and no file under a name that npm would leave out', async () => {
    await create(['word-count', '--template', template, ...BARE])
    const entries = await readdir(join(folder, 'word-count'), { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile())
    expect(files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['.gitignore', '.dockerignore', '.env.example', 'ci.yml', 'word-count.service']),
    )
    for (const { parentPath, name } of files) {
      const content = await readFile(join(parentPath, name), 'utf8')
      expect(`${name}\n${content}`).not.toMatch(/__\w+__/)
      expect(name).not.toMatch(/^_/)
    }
  })

  test('asks for what this repository is tested with', async () => {
    await create(['word-count', '--template', template, ...BARE])
    const project = JSON.parse(await read('word-count', 'package.json'))
    const root = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'))
    for (const name of ['typescript', 'vitest', '@types/node']) {
      expect(project.devDependencies[name], name).toBe(root.devDependencies[name])
    }
  })
})

test('--json prints what was done, and nothing else', async () => {
  const { code, stdout, stderr } = await create(['word-count', '--json', ...BARE], {
    npm_config_user_agent: 'pnpm/10.1.0 npm/? node/v24.0.0 linux x64',
  })
  expect([code, stderr]).toEqual([0, ''])
  expect(JSON.parse(stdout)).toEqual({
    folder: join(folder, 'word-count'),
    name: 'word-count',
    template: 'echo',
    files: expect.arrayContaining(['package.json', '.github/workflows/ci.yml', 'src/provider.ts']),
    installed: false,
    git: false,
    dry_run: false,
    next: ['cd word-count', 'pnpm install', 'pnpm run start'],
  })
})

test.each([
  ['npm/11.6.0 node/v24.0.0 linux x64', ['npm install', 'npm start'], 'npm test'],
  ['pnpm/10.1.0 npm/? node/v24.0.0 linux x64', ['pnpm install', 'pnpm run start'], 'pnpm run test'],
  ['yarn/4.9.0 npm/? node/v24.0.0 linux x64', ['yarn install', 'yarn run start'], 'yarn run test'],
  ['bun/1.3.0 npm/? node/v24.3.0 linux x64', ['bun install', 'bun run start'], 'bun run test'],
])('run by %s, it says what to do next in its words', async (agent, next, testing) => {
  const { stdout } = await create(['word-count', ...BARE], { npm_config_user_agent: agent })
  expect(stdout).toContain(`  cd word-count\n  ${next.join('\n  ')}\n\n${testing} runs its tests`)
})

test('the README has every template, and every option of --help', async () => {
  const page = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  for (const [name, means] of Object.entries(TEMPLATES)) expect(page).toContain(`| \`${name}\` | ${means} |`)
  const { stdout } = await create(['--help'])
  const options = [...stdout.matchAll(/--[a-z-]+/g)].map(([option]) => option)
  const obvious = ['--', '--help', '--version']
  for (const option of options.filter((each) => !obvious.includes(each))) expect(page).toContain(option)
})

test('--dry-run shows the files, and writes nothing', async () => {
  const { code, stdout } = await create(['word-count', '--dry-run'])
  expect(code).toBe(0)
  expect(stdout).toContain('  src/provider.ts\n')
  expect(await readdir(folder)).toEqual([])
})

test('in the folder where it is run, named by a dot', async () => {
  await mkdir(join(folder, 'word-count', '.git'), { recursive: true })
  const { stdout } = await create(['./word-count/', ...BARE])
  expect(stdout).toContain('  cd word-count\n')
  expect((await stat(join(folder, 'word-count', '.git'))).isDirectory()).toBe(true)
})

test('it makes a Git repository, in which the settings are ignored, but not one inside another', async () => {
  await create(['outer', '--no-install'])
  expect(await readdir(join(folder, 'outer'))).toContain('.git')
  expect(await read('outer', '.gitignore')).toMatch(/^\.env$/m)
  await create(['outer/inner', '--no-install'])
  expect(await readdir(join(folder, 'outer/inner'))).not.toContain('.git')
})

test('packages that cannot be installed leave the project, and end with 1', async () => {
  await writeFile(join(folder, 'npm'), '#!/bin/sh\necho No network >&2\nexit 1\n', { mode: 0o755 })
  const { code, stdout, stderr } = await create(['word-count', '-y', '--no-git'], {
    PATH: `${folder}:${process.env.PATH}`,
  })
  expect(code).toBe(1)
  expect(stderr).toMatch(/No network\n.*were not installed: look at what npm says above\n/s)
  expect(stdout).toContain('  cd word-count\n  npm install\n')
})

describe('it refuses, in a line that says what to do,', () => {
  const refusal = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await create(args)
    expect([code, stdout]).toEqual([2, ''])
    return stderr
  }

  test('a folder with other things in it, which it leaves as it is', async () => {
    await mkdir(join(folder, 'full'))
    await writeFile(join(folder, 'full', 'thesis.tex'), '')
    expect(await refusal('full')).toBe(
      'full has other things in it (thesis.tex): name a folder that is new or empty\n',
    )
    expect(await readdir(join(folder, 'full'))).toEqual(['thesis.tex'])
  })

  test('a file', async () => {
    await writeFile(join(folder, 'file'), '')
    expect(await refusal('file')).toBe('file is a file, or below one: name a folder that is new or empty\n')
  })

  test.each([
    ['My Provider', 'my-provider'],
    ['Zähler_2', 'zahler-2'],
    ['-', undefined],
    ['1st', 'st'],
    ['a'.repeat(41), 'a'.repeat(40)],
    ['2026', undefined],
  ])('the name %j', async (name, better) => {
    const said = await refusal(`./${name}`)
    expect(said).toContain(`${JSON.stringify(name)} cannot be its name: take up to 40 lower-case letters`)
    expect(said.endsWith(better === undefined ? 'no hyphen last\n' : `such as ${better}\n`)).toBe(true)
  })

  test('the name of a package that it depends on', async () => {
    expect(await refusal('vitest')).toBe(
      'vitest is the name of a package that the provider uses: take another name\n',
    )
  })

  test.each([
    [['--template', 'nothing'], 'No template is called "nothing": take echo'],
    [['--nothing'], "Unknown option '--nothing'; see --help"],
    [['one', 'two'], 'Name one folder, not 2'],
  ])('%j', async (args, said) => {
    expect(await refusal(...args)).toContain(said)
  })
})

test('an older Node is told in words which one is needed', async () => {
  const old = "Object.defineProperty(process.versions, 'node', { value: '20.19.0' })"
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(old)}`
  expect(await create(['-y'], { NODE_OPTIONS })).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'This is Node 20.19.0, and an action provider needs Node 24 or later: install it from https://nodejs.org, and try again\n',
  })
  expect(await readdir(folder)).toEqual([])
})

describe('in a terminal', () => {
  /** Answers each question, by a part of it, once it is asked. */
  async function answer(
    answers: readonly (readonly [question: string, keys: string])[],
    args = '',
  ): Promise<string> {
    const line = `stty columns 300 rows 40; exec '${process.execPath}' '${main}' ${args}`
    const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], { cwd: folder })
    const left = [...answers]
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      shown += part
      const [next] = left
      if (next === undefined || !shown.includes(next[0])) return
      left.shift()
      child.stdin.write(next[1])
    })
    await once(child, 'close')
    expect(left).toEqual([])
    return shown
  }

  test('it asks for what it was not told, and for nothing else', async () => {
    const shown = await answer([
      ['In which folder?', 'Word Count\r'],
      ['such as word-count', `${'\x7f'.repeat(10)}word-count\r`],
      ['What does it do?', '\x1b[B\x1b[B\r'],
      ['Install its packages?', 'n'],
      ['Make a Git repository?', 'n'],
    ])
    expect(shown).toContain('word-count is in')
    expect(await readdir(join(folder, 'word-count', 'src'))).toContain('slurm.ts')
  })

  test('who gives up leaves nothing behind', async () => {
    const shown = await answer([['In which folder?', '\x03']], BARE.join(' '))
    expect(shown).toContain('Canceled: nothing was written')
    expect(await readdir(folder)).toEqual([])
  })
})

test('its workflow runs the tests and the check of the interface', async () => {
  await create(['word-count', ...BARE])
  const { jobs } = parse(await read('word-count', '.github/workflows/ci.yml'))
  const commands = jobs.test.steps.flatMap(({ run }: { run?: string }) => run ?? [])
  expect(commands).toEqual(['npm ci', 'npm run check', 'npm test', 'npm run conformance'])
  const { scripts } = JSON.parse(await read('word-count', 'package.json'))
  for (const command of commands.slice(1)) expect(scripts).toHaveProperty(command.replace(/^npm (run )?/, ''))
})
