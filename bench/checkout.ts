import { execFile } from 'node:child_process'
import { glob, mkdir, readdir, readlink, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
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
  for (const workspace of await workspaces()) {
    await linkPackages(join(ROOT, workspace, 'node_modules'), join(folder, workspace, 'node_modules'))
  }
  return async () => {
    await git(['worktree', 'remove', '--force', folder], { cwd: ROOT })
  }
}

/** The folders that have packages of their own, the root first. */
async function workspaces(): Promise<string[]> {
  const found = ['']
  for await (const folder of glob('{packages,examples}/*/node_modules', { cwd: ROOT }))
    found.push(dirname(folder))
  return found
}

/** Links what is installed; the workspaces, which are links to begin with, become those of the checkout. */
async function linkPackages(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const target = entry.isSymbolicLink() ? await readlink(join(from, entry.name)) : join(from, entry.name)
    await symlink(target, join(to, entry.name))
  }
}
