/** Checks the packages as they are published, once they are built: `npm run check:packages`. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PACKAGES } from './pack.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

/** What a command says where it fails; `undefined` where it does not. */
async function problem(command: string, args: string[]): Promise<string | undefined> {
  const options = { cwd: root, env: { ...process.env, NO_COLOR: '1' } }
  return run(join(root, 'node_modules/.bin', command), args, options).then(
    () => undefined,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${command}: ${stdout}${stderr}`,
  )
}

/** Whether a package has an entry that is imported: a command alone has no types that could be wrong. */
function hasTypes(name: string): boolean {
  const manifest = readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')
  return manifest.includes('"types"')
}

const problems: string[] = []
for (const name of PACKAGES) {
  const folder = join('packages', name)
  const found = await Promise.all([
    problem('publint', [folder, '--strict']),
    // The packages are ES modules alone.
    hasTypes(name)
      ? problem('attw', ['--pack', folder, '--profile', 'esm-only', '--format', 'ascii'])
      : undefined,
  ])
  for (const each of found) if (each !== undefined) problems.push(`${name}: ${each}`)
}
for (const each of problems) process.stderr.write(`${each}\n`)
process.exitCode = problems.length > 0 ? 1 : 0
