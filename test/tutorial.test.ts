/**
 * The tutorial, followed to the letter in an empty folder: its files are written, its commands run, its outputs compared. Only the
 * packages are those of this repository, and the ports are free ones.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulator, groupsScope, startEmulator } from 'globus-emulator'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  freePort,
  startPostgres,
  type TestPostgres,
} from '../packages/action-provider-tools/test/postgres.ts'
import { packPackages } from '../scripts/pack.ts'
import { type Terminal, terminalIn } from './terminal.ts'

/** A block of code: the words behind its fence, its text. */
type Block = { language: string; title: string; code: string }

let folder: string
let packs: string
let postgres: TestPostgres
let emulator: Emulator
/** What the tutorial leaves to its reader, and what a reader would find. */
const found: Record<string, string> = {}
const terminals = new Map<string, Terminal>()
/** Ports and names of the tutorial, and those of this test. */
const others: [RegExp, string][] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutorial-'))
  packs = await mkdtemp(join(tmpdir(), 'tutorial-packs-'))
  postgres = await startPostgres()
  emulator = await startEmulator({ port: 0 })
  const packed = await packPackages(packs, [
    'globus-emulator',
    'action-provider-tools',
    'action-provider-cli',
  ])
  for (const port of [5000, 5001, 5010, 5020])
    others.push([new RegExp(`\\b${port}\\b`, 'g'), String(await freePort())])
  for (const [name, { tarball }] of Object.entries(packed)) {
    others.push([new RegExp(`(?<=npm install .*)\\b${name}\\b`, 'g'), tarball])
  }
}, 240_000)
afterAll(async () => {
  for (const terminal of terminals.values()) await terminal.close()
  await postgres?.close()
  await emulator?.close()
  for (const each of [folder, packs]) await rm(each, { recursive: true, force: true })
})

test.each(['provider', 'testing', 'program', 'production'])(
  'its page %s does what it says',
  { timeout: 240_000 },
  async (page) => {
    if (page === 'production') await register()
    let printed = ''
    for (const { language, title, code } of await blocksOf(page)) {
      const text = language === 'ts' ? code : given(code)
      const main = terminal('')
      if (language === 'ts' || title === '.env') await writeFile(join(main.folder(), title), text)
      else if (language === 'text') expect(printed).toMatch(pattern(text))
      else if (title !== '') printed = await terminal(title, main.folder()).start(text, / serves at /)
      else printed = await main.run(text)
      note(printed)
    }
  },
)

/** The blocks of a page that are followed; what stands in a console is shown only. */
async function blocksOf(page: string): Promise<Block[]> {
  const text = await readFile(new URL(`../docs/tutorial/${page}.md`, import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/^```(\w+)(?: title="([^"]+)")?\n(.*?)^```/gms)]
  return blocks
    .map(([, language = '', title = '', code = '']) => ({ language, title, code }))
    .filter(({ language }) => language !== 'console')
}

function terminal(name: string, at = folder): Terminal {
  const present = terminals.get(name)
  if (present) return present
  const env = { PORT: given('5000'), EMULATOR_PORT: given('5001'), XDG_CONFIG_HOME: packs }
  const opened = terminalIn(at, env)
  terminals.set(name, opened)
  return opened
}

/** A text of the tutorial with what its reader puts in. */
function given(text: string): string {
  const filled = text.replaceAll(/<([a-z_ ]+)>/g, (_, name: string) => {
    const value = found[name]
    if (value === undefined) throw new Error(`Nothing was found for <${name}>`)
    return value
  })
  return others.reduce((changed, [theirs, ours]) => changed.replaceAll(theirs, ours), filled)
}

/** Keeps what a reader would copy from what was printed. */
function note(printed: string): void {
  const alice = /^ +alice +(\S+)/im.exec(printed)?.[1]
  if (alice !== undefined) found['token of alice'] = alice
  const action = /"action_id":"([^"]+)"/.exec(printed)?.[1]
  if (action !== undefined) found.action_id ??= action
}

/** What `provider register` would write, at the emulator. */
async function register(): Promise<void> {
  const { client_id, client_secret, scopes } = await emulator.register({
    name: 'Checksum',
    scopes: [{ suffix: 'action_all', dependents: [groupsScope] }],
  })
  found['client id'] = client_id
  found['client secret'] = client_secret
  found.scope = scopes[0] ?? ''
  found['secrets key'] = Buffer.alloc(32, 1).toString('base64')
  found['postgres url'] = postgres.url
  found['token for your scope'] = await emulator.issueToken({ username: 'alice', scope: scopes })
  process.env.GLOBUS_SDK_SERVICE_URL_AUTH = `${emulator.url}/`
  process.env.GLOBUS_SDK_SERVICE_URL_GROUPS = `${emulator.url}/`
}

/** Finds a text in which `…` stands for anything, and on a line of its own for any lines. */
function pattern(text: string): RegExp {
  const words = text
    .trim()
    .replaceAll(/^…\n/gm, '…')
    .split('…')
    .map((each) => each.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(words.join('[^]*'))
}
