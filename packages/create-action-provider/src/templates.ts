import { readdir, readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { titleOf } from './name.ts'

/** The templates, and what each is for. */
export const TEMPLATES = {
  echo: 'answers at once',
  work: 'works on after it has answered, in steps that outlive a crash',
  job: 'starts, polls and cancels jobs of another system, such as Slurm',
  event: 'submits to a service that calls back by a webhook, waits, and collects',
} as const

export type TemplateName = keyof typeof TEMPLATES

export function isTemplate(name: string): name is TemplateName {
  return Object.hasOwn(TEMPLATES, name)
}

const folder = fileURLToPath(new URL('../templates/', import.meta.url))

/**
 * The files of a new project, by their paths: those of every project, then those of its template, which win. In names
 * and texts `__name__` and the like are replaced; a template's `parts/about.md` is what `__about__` stands for. A name
 * that begins with an underscore gets a dot: npm leaves some files with a dot out of a package.
 * @param version of the packages of this project that the new one asks for
 */
export async function projectFiles(
  template: TemplateName,
  name: string,
  version: string,
): Promise<Map<string, string>> {
  const [base, own] = await Promise.all([filesBelow('base'), filesBelow(template)])
  const words: Record<string, string> = { name, title: titleOf(name), template, version, settings: '' }
  for (const [path, text] of own) {
    const [, part] = /^parts\/(\w+)\./.exec(path) ?? []
    if (part === undefined) continue
    words[part] = text.trimEnd()
    own.delete(path)
  }
  const fill = (text: string): string =>
    text.replaceAll(/__(\w+?)__/g, (whole, word: string) => words[word] ?? whole)
  return new Map(
    [...base, ...own].map(([path, text]) => [
      fill(path).replaceAll(/(^|\/)_/g, '$1.'),
      `${fill(fill(text)).trimEnd()}\n`,
    ]),
  )
}

async function filesBelow(template: string): Promise<Map<string, string>> {
  const root = join(folder, template)
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  return new Map(
    await Promise.all(
      paths.map(
        async (path): Promise<[string, string]> => [
          path.slice(root.length + 1).replaceAll(sep, '/'),
          await readFile(path, 'utf8'),
        ],
      ),
    ),
  )
}
