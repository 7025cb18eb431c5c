import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Builds the page once for all test files that open it. */
export function setup(): void {
  const { status, stderr } = spawnSync('npm', ['run', '-s', 'build:page'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`The page of the console cannot be built: ${stderr}`)
}
