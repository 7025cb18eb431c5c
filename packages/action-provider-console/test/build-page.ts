import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Builds the page, as it is published, once for all test files that open it. */
export function setup(): void {
  const { status, stderr } = spawnSync('npm', ['run', '-s', 'build:page'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
    // Vitest sets `test`, for which Vite builds another page.
    env: { ...process.env, NODE_ENV: 'production' },
  })
  if (status !== 0) throw new Error(`The page of the console cannot be built: ${stderr}`)
}
