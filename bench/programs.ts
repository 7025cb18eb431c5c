import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Where the programs that are measured are, and what Node needs to run them. */
export type Programs = { folder: URL; execArgv: string[] }

/** The programs as they are written, for a comparison: the types are stripped while they load, and that is all the difference. */
export function sources(folder: URL = new URL('..', import.meta.url)): Programs {
  return { folder, execArgv: ['--conditions=source'] }
}

/**
 * The programs as an author's users run them: built, on the built packages.
 * @throws Error where the packages are not built
 */
export async function builtPrograms(): Promise<Programs> {
  if (!existsSync(new URL('../packages/action-provider-tools/dist/index.js', import.meta.url))) {
    throw new Error('The packages are not built: npm run build, or measure the sources with --sources')
  }
  const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
  const settings = fileURLToPath(new URL('./tsconfig.built.json', import.meta.url))
  await promisify(execFile)(process.execPath, [compiler, '-p', settings])
  return { folder: new URL('./results/built/', import.meta.url), execArgv: [] }
}

/** A program of theirs, by its path from the root without its ending. */
export function program({ folder, execArgv }: Programs, path: string): URL {
  return new URL(`${path}.${execArgv.length === 0 ? 'js' : 'ts'}`, folder)
}
