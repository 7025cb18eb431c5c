import { confirm, isCancel, select, text } from '@clack/prompts'
import type { Options } from './options.ts'
import { TEMPLATES, type TemplateName } from './templates.ts'

/** What is known once all has been asked. */
export type Choices = { folder: string; template: TemplateName; install: boolean; git: boolean }

/** Who was asked has given up. */
export class Canceled extends Error {
  override readonly name = 'Canceled'
}

/** Where `-y` puts a project that nobody named. */
const FOLDER = './my-action-provider'

const output = process.stderr

/**
 * Makes the choices: what the command line says, and for the rest the defaults, or what its user answers.
 * @param ask whether somebody is there to be asked
 * @param problemOf what is wrong with a folder
 * @throws Canceled
 */
export async function makeChoices(
  options: Options,
  ask: boolean,
  problemOf: (folder: string) => string | undefined,
): Promise<Choices> {
  const { folder, template, install, git, dryRun } = options
  if (!ask) {
    return {
      folder: folder ?? FOLDER,
      template: template ?? 'echo',
      install: install ?? true,
      git: git ?? true,
    }
  }
  return {
    folder: folder ?? (await askFolder(problemOf)),
    template: template ?? (await askTemplate()),
    install: install ?? (dryRun || (await askYes('Install its packages?'))),
    git: git ?? (dryRun || (await askYes('Make a Git repository?'))),
  }
}

async function askFolder(problemOf: (folder: string) => string | undefined): Promise<string> {
  const answer = await text({
    message: 'In which folder?',
    placeholder: FOLDER,
    defaultValue: FOLDER,
    validate: (given) => problemOf(given?.trim() || FOLDER),
    output,
  })
  return given(answer).trim()
}

async function askTemplate(): Promise<TemplateName> {
  const options = (Object.keys(TEMPLATES) as TemplateName[]).map((value) => ({
    value,
    label: value,
    hint: TEMPLATES[value],
  }))
  return given(await select<TemplateName>({ message: 'What does it do?', options, output }))
}

async function askYes(message: string): Promise<boolean> {
  return given(await confirm({ message, output }))
}

function given<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (isCancel(answer)) throw new Canceled()
  return answer as Exclude<Answer, symbol>
}
