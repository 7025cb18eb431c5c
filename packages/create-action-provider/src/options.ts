import { parseArgs } from 'node:util'
import { isTemplate, TEMPLATES, type TemplateName } from './templates.ts'

/** What the command line says. What is `undefined` may be asked for. */
export type Options = {
  folder?: string
  template?: TemplateName
  install?: boolean
  git?: boolean
  /** Takes the defaults, and asks nothing. */
  yes: boolean
  dryRun: boolean
  json: boolean
  help: boolean
  version: boolean
}

/** What is wrong with what was asked for, in a line that says what to do. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly exitCode: 1 | 2

  constructor(exitCode: 1 | 2, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

const names = Object.keys(TEMPLATES)
  .join(', ')
  .replace(/, (\w+)$/, ' or $1')

export const USAGE = `Usage: npm create action-provider@latest [folder] -- [options]

Starts an action provider of your own in a new folder.

Options:
  --template NAME   ${names}
${Object.entries(TEMPLATES)
  .map(([name, means]) => `                      ${name.padEnd(6)} ${means}`)
  .join('\n')}
  -y, --yes         take the defaults, ask nothing
  --no-install      install no packages
  --no-git          make no Git repository
  --dry-run         show what would be written, and write nothing
  --json            print the result as JSON, ask nothing
  -h, --help        show this
  --version         show the version
`

/** Reads the command line. @throws Refusal where it is wrong */
export function readOptions(given: readonly string[]): Options {
  const { values, positionals } = parsed(given)
  const [folder, ...more] = positionals
  if (more.length > 0)
    throw new Refusal(2, `Name one folder, not ${positionals.length}: put quotes around a name with spaces`)
  const { template, install, git, yes = false, json = false } = values
  if (template !== undefined && !isTemplate(template)) {
    throw new Refusal(2, `No template is called ${JSON.stringify(template)}: take ${names}`)
  }
  return {
    ...(folder !== undefined && { folder }),
    ...(template !== undefined && { template }),
    ...(install !== undefined && { install }),
    ...(git !== undefined && { git }),
    yes: yes || json,
    dryRun: values['dry-run'] ?? false,
    json,
    help: values.help ?? false,
    version: values.version ?? false,
  }
}

function parsed(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      allowPositionals: true,
      allowNegative: true,
      options: {
        template: { type: 'string' },
        yes: { type: 'boolean', short: 'y' },
        install: { type: 'boolean' },
        git: { type: 'boolean' },
        'dry-run': { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    })
  } catch (error) {
    const [problem = ''] = (error as Error).message.split('. ')
    throw new Refusal(2, `${problem}; see --help`)
  }
}
