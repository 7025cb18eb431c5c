import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { intro, outro } from '@clack/prompts'
import { initializeGit, succeeds } from './commands.ts'
import { nameOf } from './name.ts'
import { type Options, Refusal, readOptions, USAGE } from './options.ts'
import { type PackageManager, packageManager } from './package-manager.ts'
import { Canceled, type Choices, makeChoices } from './questions.ts'
import { folderProblem, writeFiles } from './target.ts'
import { projectFiles } from './templates.ts'

/** What was done, as `--json` prints it. */
type Result = {
  folder: string
  name: string
  template: string
  files: string[]
  installed: boolean
  git: boolean
  dry_run: boolean
  next: string[]
}

/** `npm create action-provider`. @returns what the process ends with: 0, 1 failed, 2 the command line is wrong, 130 canceled */
export async function create(argv: readonly string[]): Promise<number> {
  try {
    const options = readOptions(argv)
    if (options.help) return print(USAGE)
    if (options.version) return print(`${version()}\n`)
    return await createProject(options)
  } catch (error) {
    if (error instanceof Canceled) return fail(130, 'Canceled: nothing was written')
    if (error instanceof Refusal) return fail(error.exitCode, error.message)
    const { code, path, message }: NodeJS.ErrnoException = error as Error
    return fail(
      1,
      code === undefined ? message : `${path ?? 'A file'} cannot be written (${code}): name another folder`,
    )
  }
}

async function createProject(options: Options): Promise<number> {
  const ask = !options.yes && Boolean(process.stdin.isTTY && process.stderr.isTTY)
  const dependencies = await dependenciesOfProjects()
  const problemOf = (folder: string): string | undefined => folderProblem(folder, dependencies)
  if (options.folder !== undefined) refuse(problemOf(options.folder))
  if (ask) intro('A new action provider', { output: process.stderr })
  const choices = await makeChoices(options, ask, problemOf)
  refuse(problemOf(choices.folder))
  const folder = resolve(choices.folder)
  const name = nameOf(folder)
  const files = await projectFiles(choices.template, name, version())
  const manager = packageManager(process.env.npm_config_user_agent)
  const done = options.dryRun ? { installed: false, git: false } : await make(folder, files, choices, manager)
  const result: Result = {
    ...{
      folder,
      name,
      template: choices.template,
      files: [...files.keys()],
      ...done,
      dry_run: options.dryRun,
    },
    next: nextSteps(folder, done.installed, manager),
  }
  print(options.json ? `${JSON.stringify(result, undefined, 2)}\n` : summary(result, manager))
  if (ask) outro('', { output: process.stderr })
  return options.dryRun || !choices.install || done.installed ? 0 : 1
}

async function make(
  folder: string,
  files: ReadonlyMap<string, string>,
  { install, git }: Choices,
  manager: PackageManager,
): Promise<{ installed: boolean; git: boolean }> {
  await writeFiles(folder, files)
  const repository = git ? await initializeGit(folder) : 'there'
  if (repository === 'failed') say('No Git repository was made: is git installed?')
  if (!install) return { installed: false, git: repository === 'made' }
  say(`Installing packages with ${manager.name} …`)
  const installed = await succeeds(folder, [manager.name, ...manager.install], 'aloud')
  if (!installed) say(`The packages were not installed: look at what ${manager.name} says above`)
  return { installed, git: repository === 'made' }
}

function nextSteps(folder: string, installed: boolean, { install, name, run }: PackageManager): string[] {
  const way = relative(process.cwd(), folder)
  const [verb = ''] = install
  return [
    ...(way === '' ? [] : [`cd ${/^[\w./-]+$/.test(way) ? way : JSON.stringify(way)}`]),
    ...(installed ? [] : [`${name} ${verb}`]),
    run('start'),
  ]
}

function summary(result: Result, { name, run }: PackageManager): string {
  const { files, folder, dry_run, template, next } = result
  const lines = dry_run
    ? [`These files would be written to ${folder}:`, '', ...files.map((path) => `  ${path}`)]
    : [`${result.name} is in ${folder}, from the template ${template}.`]
  const steps = next.map((step) => `  ${step}`)
  const test = `${run('test')} runs its tests; src/provider.ts is what you change, README.md says how to deploy it.`
  const other = 'Its Dockerfile and its workflow for CI use npm: commit a package-lock.json, or change them.'
  return `${[...lines, '', 'Next:', '', ...steps, '', test, ...(name === 'npm' ? [] : [other])].join('\n')}\n`
}

/** The packages that every project depends on: npm installs none into a project of the same name. */
async function dependenciesOfProjects(): Promise<string[]> {
  const manifest = (await projectFiles('echo', 'x', version())).get('package.json') ?? '{}'
  const { dependencies, devDependencies } = JSON.parse(manifest) as Record<string, Record<string, string>>
  return Object.keys({ ...dependencies, ...devDependencies })
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new Refusal(2, problem)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

function fail(exitCode: number, message: string): number {
  say(message)
  return exitCode
}
