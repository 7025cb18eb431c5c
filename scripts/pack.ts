/** Packs the packages as they are published. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

/** The packages that are published. */
export const PACKAGES = [
  'globus-emulator',
  'action-provider-console',
  'action-provider-tools',
  'action-provider-cli',
  'create-action-provider',
] as const

export type PackageName = (typeof PACKAGES)[number]

/** A packed package: its tarball, and what is in it. */
export type Packed = { tarball: string; size: number; unpackedSize: number; files: string[] }

/**
 * Builds and packs the packages into a folder.
 * @example (await packPackages('/tmp/packs'))['action-provider-tools'].tarball
 */
export async function packPackages(
  folder: string,
  packages: readonly PackageName[] = PACKAGES,
): Promise<Record<PackageName, Packed>> {
  await mkdir(folder, { recursive: true })
  const packed = await Promise.all(packages.map(async (name) => [name, await pack(name, folder)]))
  return Object.fromEntries(packed)
}

/**
 * Builds and packs one package into a folder. It is built apart, so that who builds it in its place meanwhile is not
 * disturbed.
 */
export async function pack(name: PackageName, folder: string): Promise<Packed> {
  const source = join(root, 'packages', name)
  const copy = join(folder, name)
  await mkdir(copy, { recursive: true })
  const { files } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { files: string[] }
  const build = ['-p', join(source, 'tsconfig.build.json'), '--outDir', join(copy, 'dist'), '--noCheck']
  // Whether the types are right is for `npm run check` to say: what one package needs of another may not be built yet.
  await run(join(root, 'node_modules/.bin/tsc'), build)
  if (existsSync(join(source, 'vite.config.ts'))) {
    const page = ['build', '--logLevel', 'warn', '--outDir', join(copy, 'dist/page'), '--emptyOutDir']
    // Whoever packs in a test has another `NODE_ENV`, for which Vite builds another page.
    const env = { ...process.env, NODE_ENV: 'production' }
    await run(join(root, 'node_modules/.bin/vite'), page, { cwd: source, env })
  }
  for (const file of ['package.json', 'LICENSE', ...files.filter((each) => each !== 'dist')]) {
    await cp(join(source, file), join(copy, file), { recursive: true })
  }
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: copy })
  await rm(copy, { recursive: true })
  const result = JSON.parse(stdout) as Record<string, NpmPack> | NpmPack[]
  const [made] = Object.values(result)
  if (made === undefined) throw new Error(`npm packed nothing: ${stdout}`)
  return {
    tarball: join(folder, made.filename),
    size: made.size,
    unpackedSize: made.unpackedSize,
    files: made.files.map(({ path }) => path),
  }
}

type NpmPack = { filename: string; size: number; unpackedSize: number; files: { path: string }[] }
