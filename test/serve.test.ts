import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { type Program, runProgram } from './program.ts'
import { startedPrograms } from './started.ts'

/** What `serve` makes of what an author gives it, as a process. */

const library = new URL('../packages/action-provider-tools/src/index.ts', import.meta.url).href

const started = startedPrograms('serve')

const Input = `{ type: 'object', properties: { text: { type: 'string', minLength: 3 } }, required: ['text'] }`
const Riddle = `{ type: 'object', properties: { text: { type: 'string', pattern: '^Q[0-9]+$' } }, required: ['text'] }`

/** Writes a program that serves a provider in a folder of its own, where its database is then. */
async function program(serve: string, { title = 'Echo', input = Input } = {}): Promise<string> {
  const path = join(started.folder, 'main.mjs')
  const source = `
    import { defineActionProvider, serve } from ${JSON.stringify(library)}
    process.chdir(${JSON.stringify(started.folder)})
    const p = defineActionProvider({
      description: { title: ${JSON.stringify(title)}, admin_contact: 'me@example.org', synchronous: true, visible_to: ['public'] },
      input: ${input},
      run: ({ input }) => ({ said: input.text }),
    })
    await ${serve}`
  await writeFile(path, source)
  return path
}

async function start(...given: Parameters<typeof program>): Promise<Program> {
  return started.start(await program(...given))
}

/** Sends what the printed curl line of run sends. */
function paste(stdout: string, url: string): Promise<Response> {
  const [, token] = /TOKEN=(\S+)/.exec(stdout) ?? []
  const [, body = ''] = /--data '(.*)'/.exec(stdout) ?? []
  return fetch(`${url}/run`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body })
}

test('a prefix without its slash is given one, and the line that is printed has an input that the schema accepts', async () => {
  const { url, output } = await start("serve(p, { prefix: 'e/' })")
  expect(new URL(url).pathname).toBe('/e')
  const answer = await paste(output().stdout, url)
  expect([answer.status, await answer.json()]).toEqual([
    202,
    expect.objectContaining({ details: { said: 'text' } }),
  ])
})

test('where no such input is known, it says so', async () => {
  const { output } = await start("serve(p, { prefix: '/e' })", { input: Riddle })
  await eventually(() => output().stdout.includes('No input that the schema accepts is known'))
})

test.each(['serve(p)', "serve(p, { prefix: '' })", "serve(p, { prefix: '//' })"])(
  '%s says that a base path is needed',
  async (serve) => {
    const { code, stderr } = await runProgram(await program(serve))
    expect(code).toBe(1)
    expect(stderr).toBe(
      "A provider is served below a base path: name one, such as serve(provider, { prefix: '/echo' })\n",
    )
  },
)

test.each([
  ['serve([])', 'There is nothing to serve: give serve a provider'],
  ["serve([p, { provider: p, prefix: '/e' }])", "Two providers of this program are both called 'Echo'"],
])('%s is refused before anything is opened', async (serve, words) => {
  const { code, stdout, stderr } = await runProgram(await program(serve))
  expect([code, stdout, await readdir(started.folder)]).toEqual([1, '', ['main.mjs']])
  expect(stderr).toContain(words)
  expect(stderr).not.toMatch(/^\s+at /m)
})

test('several providers that had a database of another name are told how to have it again', async () => {
  const first = await start("serve(p, { prefix: '/e' })")
  await first.signal('SIGTERM')
  const { output } = await start("serve([p, { provider: { ...p, namespace: 'Other' }, prefix: '/o' }])")
  await eventually(() => /actions.db is new, .* Echo.db: .* option name: 'Echo'/.test(output().stdout))
})

test('a provider whose title was changed says at its start that its database is new, and how to have the old one', async () => {
  const options = "serve(p, { prefix: '/e' })"
  const first = await start(options, { title: 'Old' })
  expect(first.output().stdout).not.toContain('is new')
  await first.signal('SIGTERM')
  const { output } = await start(options, { title: 'New' })
  await eventually(() => /New.db is new, .* Old.db: .* namespace: 'Old'/.test(output().stdout))
})

test('who is told to stop while it starts closes what it opened, and ends with 0', async () => {
  const path = join(started.folder, 'slow.mjs')
  await writeFile(
    path,
    `import { once } from 'node:events'
    import { runUntilStopped } from ${JSON.stringify(library)}
    await runUntilStopped(async () => {
      process.stdout.write('starting')
      await once(process.stdin, 'data')
      return async () => void process.stdout.write(' closed')
    })`,
  )
  const child = spawn(process.execPath, ['--conditions=source', path])
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  await eventually(() => stdout === 'starting')
  child.kill('SIGTERM')
  child.stdin.write('go on')
  const [code, signal] = await once(child, 'close')
  expect([code, signal, stdout]).toEqual([0, null, 'starting closed'])
})
