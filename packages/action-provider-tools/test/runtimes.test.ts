import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const tool = fileURLToPath(new URL('../../../tools/runtimes/', import.meta.url))
const program = fileURLToPath(new URL('./runtimes/serve.ts', import.meta.url))

/** The programs themselves, without the scripts that would link to them. */
const binaries = (pattern: string): string[] =>
  globSync(`node_modules/${pattern}`, { cwd: tool }).map((path) => join(tool, path))

let missing = 'there is none for this machine'
beforeAll(async () => {
  if (binaries('@deno/*/deno').length > 0) return
  await run('npm', ['ci', '--ignore-scripts'], { cwd: tool }).catch((error: Error & { stderr?: string }) => {
    missing = error.stderr ?? error.message
  })
}, 120_000)

test.for([
  ['Deno', '@deno/*/deno', ['run', '-A', '--no-check', '--node-modules-dir=manual', '--conditions=source']],
  ['Bun', '@oven/*/bin/bun', ['run', '--conditions=source']],
] as const)(
  'in %s a provider serves by the Web-standard handler, and the client calls it',
  async ([name, pattern, options], context) => {
    const [binary] = binaries(pattern)
    if (binary === undefined) return context.skip(`${name} is not here: ${missing}`)
    const { stdout } = await run(binary, [...options, program])
    expect(JSON.parse(stdout)).toEqual({
      title: 'Echo',
      status: 'SUCCEEDED',
      details: { said: 'hey' },
      log: ['Begun'],
      refused: 'RequestValidationError',
      gone: ['left'],
    })
  },
)
