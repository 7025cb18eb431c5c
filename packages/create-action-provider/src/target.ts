import { readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { nameOf, nameProblem } from './name.ts'

/** What may be in a folder already: it is kept, and nothing of it is written over. */
const HARMLESS = new Set(['.git', '.DS_Store', '.idea', '.vscode', 'Thumbs.db'])

/** What is wrong with a folder for a new project, in words; `undefined` where nothing is. */
export function folderProblem(folder: string, taken: readonly string[]): string | undefined {
  const problem = nameProblem(nameOf(folder), taken)
  if (problem !== undefined) return problem
  try {
    const others = readdirSync(folder).filter((entry) => !HARMLESS.has(entry))
    if (others.length === 0) return undefined
    const shown = others.slice(0, 3).join(', ')
    return `${folder} has other things in it (${shown}${others.length > 3 ? ', …' : ''}): name a folder that is new or empty`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'ENOTDIR') return `${folder} is a file, or below one: name a folder that is new or empty`
    return `${folder} cannot be read (${code}): name another folder`
  }
}

/** Writes the files of a project. None that is there already is written over. */
export async function writeFiles(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    const target = join(folder, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text, { flag: 'wx' })
  }
}
