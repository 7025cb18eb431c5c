/**
 * `npm run figures`: how large each package is, how long it takes to install with all it depends on, and how
 * long it is from `npm create` to the first action that SUCCEEDED; with npm's cache warm.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { PACKAGES, type PackageName, type Packed, packPackages } from './pack.ts'

const run = promisify(execFile)
const env = {
  ...process.env,
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
  npm_config_loglevel: 'error',
}
const install = ['install', '--prefer-offline', '--no-audit', '--no-fund']

const root = await mkdtemp(join(tmpdir(), 'figures-'))
try {
  const packs = await packPackages(join(root, 'packs'))
  process.stdout.write(
    '| package | packed | installed, with what it depends on | installs in |\n| --- | --- | --- | --- |\n',
  )
  for (const name of PACKAGES) process.stdout.write(`${await packageRow(name, packs)}\n`)
  await firstAction(packs, 'warming')
  const seconds = await firstAction(packs, 'measured')
  process.stdout.write(`\nFrom npm create to the first action that SUCCEEDED: ${seconds.toFixed(1)} s\n`)
} finally {
  await rm(root, { recursive: true })
}

async function packageRow(name: PackageName, packs: Record<PackageName, Packed>): Promise<string> {
  // Of our own packages, those that it asks for come from their tarballs, too.
  const { dependencies = {} } = JSON.parse(
    await readFile(new URL(`../packages/${name}/package.json`, import.meta.url), 'utf8'),
  )
  const wanted = PACKAGES.filter((each) => each === name || each in dependencies)
  const manifest = {
    private: true,
    dependencies: Object.fromEntries(wanted.map((each) => [each, `file:${packs[each].tarball}`])),
  }
  let seconds = 0
  let folder = ''
  for (const round of ['warming', 'measured']) {
    folder = join(root, `${name}-${round}`)
    await mkdir(folder)
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
    seconds = await timed(() => run('npm', install, { cwd: folder, env }))
  }
  const { bytes, packages } = await sizeOf(join(folder, 'node_modules'))
  return `| \`${name}\` | ${kilobytes(packs[name].size)} | ${kilobytes(bytes)}, ${packages} packages | ${seconds.toFixed(1)} s |`
}

/**
 * Makes a project by the packed package, installs and starts it, and runs an action.
 * @returns the seconds that it took
 */
function firstAction(packs: Record<PackageName, Packed>, project: string): Promise<number> {
  return timed(async () => {
    const folder = join(root, project)
    const create = [
      '--yes',
      `--package=${packs['create-action-provider'].tarball}`,
      '--',
      'create-action-provider',
    ]
    await run('npm', ['exec', ...create, project, '-y', '--no-install', '--no-git'], { cwd: root, env })
    const path = join(folder, 'package.json')
    const manifest = JSON.parse(await readFile(path, 'utf8'))
    for (const kind of [manifest.dependencies, manifest.devDependencies]) {
      for (const name of PACKAGES) if (name in kind) kind[name] = `file:${packs[name].tarball}`
    }
    await writeFile(path, JSON.stringify(manifest))
    await run('npm', install, { cwd: folder, env })
    const server = spawn('npm', ['start'], {
      cwd: folder,
      env: { ...env, PORT: '0', EMULATOR_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(server, 'close')
    let url = ''
    let token = ''
    for await (const line of createInterface(server.stdout)) {
      url = / serves at (\S+)$/.exec(line)?.[1] ?? url
      token = /TOKEN=(\S+)/.exec(line)?.[1] ?? token
      const [, body] = / --data '(.*)'/.exec(line) ?? []
      if (body === undefined) continue
      const headers = { authorization: `Bearer ${token}` }
      const answer = (await (await fetch(`${url}/run`, { method: 'POST', headers, body })).json()) as {
        status: string
      }
      if (answer.status !== 'SUCCEEDED') throw new Error(`The action is ${answer.status}`)
      break
    }
    server.stdout.resume()
    server.kill('SIGTERM')
    await ended
  })
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await act()
  return (performance.now() - start) / 1_000
}

async function sizeOf(folder: string): Promise<{ bytes: number; packages: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  let bytes = 0
  let packages = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    bytes += (await stat(join(entry.parentPath, entry.name))).size
    if (entry.name === 'package.json' && /node_modules\/(@[^/]+\/)?[^/]+$/.test(entry.parentPath))
      packages += 1
  }
  return { bytes, packages }
}

function kilobytes(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
