/** The packages of this repository as they are published. */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Packs a package of `packages/` into a tarball, and gives its path. It is built apart, so that who builds it in
 * its place meanwhile is not disturbed.
 */
export async function pack(name: string, destination: string): Promise<string> {
  const source = join(root, 'packages', name)
  const folder = await mkdtemp(join(tmpdir(), 'packed-'))
  try {
    for (const file of ['package.json', 'README.md']) await cp(join(source, file), join(folder, file))
    const tsc = join(root, 'node_modules/.bin/tsc')
    // Whether it builds without an error is for `npm run build` to say: what it stands on may not be built.
    const options = ['-p', join(source, 'tsconfig.build.json'), '--noCheck', '--outDir', join(folder, 'dist')]
    await run(tsc, options).catch(() => {})
    const { stdout } = await run('npm', ['pack', folder, '--json', '--pack-destination', destination])
    const [{ filename }] = JSON.parse(stdout)
    return join(destination, filename)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
