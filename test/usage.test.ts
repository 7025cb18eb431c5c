import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

type End = { code: number; stdout: string; stderr: string }

const run = (main: string, ...args: string[]): Promise<End> =>
  new Promise((resolve) => {
    const program = fileURLToPath(new URL(main, import.meta.url))
    execFile(process.execPath, ['--conditions=source', program, ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })

describe.each([
  ['test:chaos', './chaos/main.ts', ['no-such-scenario']],
  ['test:fuzz', './fuzz/main.ts', ['--requests', 'many']],
  ['test:soak', './soak/main.ts', ['--minutes', '-1']],
  ['bench', '../bench/main.ts', ['--only', 'no-such-group']],
])('npm run %s', (script, main, senseless) => {
  const usage = new RegExp(`^Usage: npm run ${script} -- \\[.+\\]\n$`)

  test('answers --help with a line of usage', async () => {
    const { code, stdout, stderr } = await run(main, '--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(usage)
  })

  test.each([['--no-such-option'], senseless])('answers %s with the same, as an error', async (...args) => {
    const { code, stdout, stderr } = await run(main, ...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(usage)
  })
})
