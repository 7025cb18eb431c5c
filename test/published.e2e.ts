import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { licensesOf, problemsOfNotices } from '../scripts/licenses.ts'
import { PACKAGES, type PackageName, type Packed, packPackages } from '../scripts/pack.ts'

/** The packages as they are published. */

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
const read = (...path: string[]): Promise<string> => readFile(join(root, ...path), 'utf8')
const manifestOf = async (name: string) => JSON.parse(await read('packages', name, 'package.json'))

// The compiler alone takes ten seconds, and more where others are at work.
const PATIENCE = 300_000

let folder: string
let packed: Record<PackageName, Packed>
const unpacked = (name: string): string => join(folder, 'node_modules', name)
beforeAll(async () => {
  // Below node_modules, so that what the packages depend on is found as where they are installed.
  await mkdir(join(root, 'node_modules/.cache'), { recursive: true })
  folder = await mkdtemp(join(root, 'node_modules/.cache/published-'))
  packed = await packPackages(join(folder, 'packs'))
  for (const name of PACKAGES) {
    await mkdir(unpacked(name), { recursive: true })
    await run('tar', ['-xzf', packed[name].tarball, '--strip-components=1', '-C', unpacked(name)])
  }
}, PATIENCE)
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(PACKAGES)('%s', (name) => {
  test('holds what it should, and no more', () => {
    const { files } = packed[name]
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']))
    const others = files.filter(
      (path) => !/^(LICENSE|README\.md|package\.json|dist\/.+|templates\/.+)$/.test(path),
    )
    expect(others).toEqual([])
    expect(files.filter((path) => path.startsWith('dist/') && path.includes('.test.'))).toEqual([])
  })

  test('has all that its manifest names', async () => {
    const manifest = await manifestOf(name)
    const targets = Object.values<Record<string, string> | string>(manifest.exports ?? {}).flatMap(
      (target) => (typeof target === 'string' ? [target] : [target.types ?? '', target.default ?? '']),
    )
    for (const path of [...targets, ...Object.values<string>(manifest.bin ?? {})]) {
      expect(existsSync(join(unpacked(name), path)), path).toBe(true)
    }
  })

  test('has source maps that lead to its sources', async () => {
    for (const path of globSync('dist/**/*.js', { cwd: unpacked(name) })) {
      const code = await readFile(join(unpacked(name), path), 'utf8')
      const [, link] = /\/\/# sourceMappingURL=(\S+)\s*$/.exec(code) ?? []
      // Pages are bundles, without maps.
      if (link === undefined && path.startsWith('dist/page/')) continue
      const map = JSON.parse(await readFile(join(unpacked(name), dirname(path), link ?? ''), 'utf8'))
      expect(map.sources, path).toHaveLength(1)
      const source = await read('packages', name, 'src', path.slice('dist/'.length).replace(/\.js$/, '.ts'))
      expect(map.sourcesContent, path).toEqual([source])
    }
  })

  test('says where it comes from, and under which license', async () => {
    const manifest = await manifestOf(name)
    const { version, license, repository } = await manifestOf('action-provider-tools')
    expect(manifest).toMatchObject({
      version,
      license,
      repository: { ...repository, directory: `packages/${name}` },
      publishConfig: { access: 'public', provenance: true },
    })
    expect(await readFile(join(unpacked(name), 'LICENSE'), 'utf8')).toBe(await read('LICENSE'))
  })

  test('has a README whose links lead somewhere wherever it is read', async () => {
    const { repository } = await manifestOf(name)
    const home = repository.url.replace(/^git\+|\.git$/g, '')
    for (const [, target = ''] of (await read('packages', name, 'README.md')).matchAll(/\]\(([^)]+)\)/g)) {
      expect(target).toMatch(/^(https:|#)/)
      const [, path] = target.startsWith(home) ? (/\/(?:blob|tree)\/main\/([^#]+)/.exec(target) ?? []) : []
      if (path !== undefined) expect(existsSync(join(root, path)), target).toBe(true)
    }
  })
})

const source = `
import * as library from 'action-provider-tools'
import * as client from 'action-provider-tools/client'
import * as checks from 'action-provider-tools/client/checks'
import * as moving from 'action-provider-tools/moving'
import * as contract from 'action-provider-tools/store-contract'
import * as testing from 'action-provider-tools/testing'
import * as console from 'action-provider-console'
import * as emulator from 'globus-emulator'
import * as command from 'globus-emulator/command'
export const all = { library, client, checks, moving, contract, testing, console, emulator, command }
export const provider: library.ActionProvider = library.defineActionProvider({
  description: { title: 'x', admin_contact: 'x', synchronous: true },
  input: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  run: ({ input }) => ({ said: input.text.toUpperCase() }),
})
`

describe.concurrent('for who has ES2022 and checks libraries too, the declarations compile', () => {
  const tool = join(root, 'tools/typescript')
  let missing: string | undefined
  beforeAll(async () => {
    const compilerOptions = {
      ...{ target: 'es2022', lib: ['es2022'], module: 'nodenext', types: ['node'] },
      ...{ strict: true, skipLibCheck: false, noEmit: true },
    }
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['consumer.mts'] }),
    )
    await writeFile(join(folder, 'consumer.mts'), source)
    if (existsSync(join(tool, 'node_modules/typescript-5.9'))) return
    await run('npm', ['ci', '--ignore-scripts'], { cwd: tool }).catch(
      (error: Error & { stderr?: string }) => {
        missing = error.stderr ?? error.message
      },
    )
  }, PATIENCE)

  test.each([
    ['7', join(root, 'node_modules/typescript/bin/tsc')],
    ['6.0', join(tool, 'node_modules/typescript-6.0/bin/tsc')],
    ['5.9', join(tool, 'node_modules/typescript-5.9/bin/tsc')],
  ])('with TypeScript %s', { timeout: PATIENCE }, async (_version, tsc) => {
    if (!existsSync(tsc)) throw new Error(`It cannot be installed: ${missing}`)
    const { stdout } = await run(process.execPath, [tsc, '-p', folder, '--pretty', 'false']).catch(
      (error: { stdout: string }) => error,
    )
    expect(stdout).toBe('')
  })
})

describe('licenses', () => {
  const locked = (license?: string) => ({
    packages: {
      'packages/mine': { license: 'Apache-2.0', dependencies: { one: '1' }, devDependencies: { tool: '1' } },
      'node_modules/one': { license: 'MIT', dependencies: { two: '1' } },
      'node_modules/one/node_modules/two': license === undefined ? {} : { license },
      'node_modules/two': { license: 'MIT' },
      'node_modules/tool': { license: 'GPL-3.0-only' },
    },
  })

  test.each(['ISC', '(GPL-3.0-only OR MIT)', 'MIT AND Apache-2.0'])('%s is taken', (license) => {
    expect(licensesOf(locked(license), ['mine']).refused).toEqual([])
  })

  test.each(['GPL-3.0-only', 'MIT AND GPL-3.0-only', 'SEE LICENSE IN FILE'])('%s is refused', (license) => {
    expect(licensesOf(locked(license), ['mine']).refused).toEqual([`two: ${license}`])
  })

  test('none at all is refused', () => {
    expect(licensesOf(locked(), ['mine']).refused).toEqual(['two: unknown'])
  })

  test('those of the packages are listed, and all of them go with that of this project', async () => {
    const { byLicense, refused } = licensesOf(JSON.parse(await read('package-lock.json')), PACKAGES)
    expect(refused).toEqual([])
    expect(byLicense.get('MIT')).toContain('fastify')
  })

  test('a built page that brings no notices, or those of a package that was not checked, is refused', () => {
    const known = new Set(['one'])
    expect(problemsOfNotices('one 1.2.3 (MIT)\n\nCopyright …', known)).toEqual([])
    expect(problemsOfNotices(undefined, known)).toEqual([expect.stringMatching(/not built/)])
    expect(problemsOfNotices('Copyright …', known)).toEqual([expect.stringMatching(/names no package/)])
    expect(problemsOfNotices('two 1.2.3 (MIT)', known)).toEqual([
      expect.stringMatching(/^two is in the page/),
    ])
  })
})
