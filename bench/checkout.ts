import { execFile } from 'node:child_process'
import { mkdir, readdir, readlink, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const git = promisify(execFile).bind(undefined, 'git')
const ROOT = fileURLToPath(new URL('..', import.meta.url))

/**
 * Puts another revision beside this one, with the packages that are installed here. @returns how to put it away
 * @throws Error for a revision that git does not know
 */
export async function checkOut(revision: string, folder: string): Promise<() => Promise<void>> {
  await git(['worktree', 'add', '--detach', folder, revision], { cwd: ROOT })
  await linkPackages(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return async () => {
    await git(['worktree', 'remove', '--force', folder], { cwd: ROOT })
  }
}

/** Links what is installed; the workspaces, which are links to begin with, become those of the checkout. */
async function linkPackages(from: string, to: string): Promise<void> {
  await mkdir(to)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const target = entry.isSymbolicLink() ? await readlink(join(from, entry.name)) : join(from, entry.name)
    await symlink(target, join(to, entry.name))
  }
}
