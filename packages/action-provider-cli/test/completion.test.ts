import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { completionScript } from '../src/commands/completion.ts'
import { buildProgram } from '../src/program.ts'

/** What bash offers after these words. */
async function offered(...words: string[]): Promise<string[]> {
  const script = completionScript(buildProgram({ exitCode: 0 }), 'bash')
  const quoted = words.map((word) => `'${word}'`).join(' ')
  const ask = `${script}
COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}
_action_provider
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', ask], { cwd: import.meta.dirname })
  return stdout.split('\n').filter(Boolean)
}

describe('completion in bash', () => {
  it('offers commands', async () => {
    expect(await offered('action-provider', 're')).toEqual(['resume', 'release'])
    expect(await offered('action-provider', 'provider', '')).toEqual(
      expect.arrayContaining(['register', 'show', 'rotate-secret']),
    )
  })
  it('offers the options of the command', async () => {
    expect(await offered('action-provider', 'run', '--re')).toEqual(['--request-id', '--release-after'])
    expect(await offered('action-provider', 'provider', 'rotate-secret', '--keep')).toEqual(['--keep-old'])
    expect(await offered('action-provider', 'emulator', '--po')).toEqual(['--port'])
  })
  it('offers what an option or argument can be', async () => {
    expect(await offered('action-provider', 'list', '--status', 'a')).toEqual(['active', 'all'])
    expect(await offered('action-provider', 'list', '-f', '')).toEqual(['table', 'json', 'yaml'])
    expect(await offered('action-provider', 'completion', '')).toEqual(
      expect.arrayContaining(['bash', 'zsh', 'fish']),
    )
    expect(await offered('action-provider', 'run', '--label', '')).toEqual([])
  })
  it('offers files where files are meant', async () => {
    expect(await offered('action-provider', 'run', '--body', 'completion.t')).toEqual(['completion.test.ts'])
  })
})

describe('completion scripts', () => {
  it.each(['bash', 'zsh', 'fish'] as const)('of %s', (shell) => {
    expect(completionScript(buildProgram({ exitCode: 0 }), shell)).toMatchSnapshot()
  })
})
