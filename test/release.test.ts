import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { PACKAGES } from '../scripts/pack.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'release-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('a change of one package moves the version of all, and what they ask for of one another', async () => {
  const manifests = globSync('{packages,examples}/*/package.json', { cwd: root })
  for (const path of ['package.json', 'package-lock.json', '.changeset', ...manifests]) {
    await cp(join(root, path), join(folder, path), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await run('git', ['init', '--quiet'], { cwd: folder })
  await writeFile(join(folder, '.changeset/one.md'), "---\n'globus-emulator': minor\n---\n\nA change.\n")
  await run(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), 'version'], { cwd: folder })

  const { version: before } = JSON.parse(
    await readFile(join(root, 'packages/globus-emulator/package.json'), 'utf8'),
  )
  const [major, minor] = before.split('.').map(Number)
  const after = `${major}.${minor + 1}.0`
  for (const name of PACKAGES) {
    const manifest = JSON.parse(await readFile(join(folder, 'packages', name, 'package.json'), 'utf8'))
    expect(manifest.version, name).toBe(after)
    for (const other of PACKAGES) {
      const asked = manifest.dependencies?.[other] ?? manifest.peerDependencies?.[other]
      if (asked !== undefined) expect(asked, `${name} of ${other}`).toBe(`^${after}`)
    }
  }
})

test('every package that is published is released', async () => {
  const published = globSync('packages/*/package.json', { cwd: root }).map((path) => path.split('/')[1])
  const { fixed } = JSON.parse(await readFile(join(root, '.changeset/config.json'), 'utf8'))
  expect(fixed[0].toSorted()).toEqual(published.toSorted())
  expect([...PACKAGES].sort()).toEqual(published.toSorted())
})

test('the workflow publishes with provenance, after all tests, by scripts that are there', async () => {
  const { permissions, jobs } = parse(await readFile(join(root, '.github/workflows/release.yml'), 'utf8'))
  expect(permissions['id-token']).toBe('write')
  const steps: { run?: string; with?: Record<string, string>; env?: Record<string, string> }[] =
    jobs.release.steps
  expect(steps.findIndex(({ run }) => run === 'bash .ci/run')).toBeLessThan(steps.length - 1)
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const last = steps.at(-1)
  expect(last?.env?.NPM_CONFIG_PROVENANCE).toBe('true')
  for (const command of [last?.with?.version, last?.with?.publish]) {
    expect(scripts).toHaveProperty(command?.replace('npm run ', '') ?? '')
  }
})
