import { spawn } from 'node:child_process'

/**
 * Runs a command in a folder and says whether it went well. What it prints goes to standard error, or nowhere.
 * @param says whether it is to be seen
 */
export function succeeds(
  folder: string,
  [command = '', ...args]: readonly string[],
  says: 'aloud' | 'silent',
): Promise<boolean> {
  const out = says === 'aloud' ? 2 : 'ignore'
  return new Promise((resolve) => {
    // On Windows npm is a script for the shell. The words are this program's own.
    const child = spawn(command, args, {
      cwd: folder,
      stdio: ['ignore', out, out],
      shell: process.platform === 'win32',
    })
    child.on('error', () => resolve(false)).on('close', (code) => resolve(code === 0))
  })
}

/** Makes a Git repository, unless the folder is inside one. Says what became of it. */
export async function initializeGit(folder: string): Promise<'made' | 'there' | 'failed'> {
  if (await succeeds(folder, ['git', 'rev-parse', '--is-inside-work-tree'], 'silent')) return 'there'
  return (await succeeds(folder, ['git', 'init', '--quiet'], 'silent')) ? 'made' : 'failed'
}
