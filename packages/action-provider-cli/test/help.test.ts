import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { buildProgram } from '../src/program/program.ts'
import { main } from './cli.ts'

function every(command: Command, path = command.name()): [string, Command][] {
  return [[path, command], ...command.commands.flatMap((each) => every(each, `${path} ${each.name()}`))]
}

describe('help', () => {
  test.each(every(buildProgram({ exitCode: 0 })))('of %s', (_path, command) => {
    let help = ''
    command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 80 })
    command.outputHelp()
    expect(help).toMatchSnapshot()
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(help.match(/^Example:\n {2}action-provider .+$/gm)).toHaveLength(1)
  })

  test('is shown by the process, which loads nothing for it but the commands’ names', async () => {
    // Which files were loaded says what a stopwatch would, and says it the same on every machine.
    const tell = `import { registerHooks } from 'node:module'
      registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context) } })`
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--conditions=source', `--import=data:text/javascript,${encodeURIComponent(tell)}`, main, '--help'],
      { env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' } },
    )
    expect(stdout).toContain('Usage: action-provider [options] [command]')
    const own = stderr
      .split('\n')
      .filter(
        (url) => url.startsWith('file:') && !/node_modules.(commander|env-paths|is-safe-filename)./.test(url),
      )
      .map((url) => url.replace(/.*\/packages\//, ''))
    expect(own.sort()).toEqual([
      'action-provider-cli/src/errors.ts',
      'action-provider-cli/src/failure.ts',
      'action-provider-cli/src/main.ts',
      'action-provider-cli/src/output/printable.ts',
      'action-provider-cli/src/program/action-commands.ts',
      'action-provider-cli/src/program/login-commands.ts',
      'action-provider-cli/src/program/options.ts',
      'action-provider-cli/src/program/program.ts',
      'action-provider-cli/src/program/provider-commands.ts',
      'action-provider-cli/src/program/store-commands.ts',
      'action-provider-cli/src/program/work.ts',
      'globus-emulator/src/command.ts',
      'globus-emulator/src/duration.ts',
    ])
  })
})
