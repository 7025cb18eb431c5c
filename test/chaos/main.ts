/** The slow tests of what must never be lost. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres, type TestPostgres } from '../../packages/action-provider-tools/test/postgres.ts'
import { startGlobus } from '../program.ts'
import { readArguments } from '../read-arguments.ts'
import { inspect, ORDEALS, type Ordeal, proxiesOf, witnessed } from './ownership.ts'
import { stepping } from './steps.ts'
import { type Figures, greeting, type Running, survive, type Work } from './survive.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
/** A scope that the provider's own has as its dependent. */
const GROUPS = 'urn:globus:auth:scope:groups.api.globus.org:view_my_groups_and_memberships'

/** What the actions of a scenario do, and how that is looked through. */
type Tried = { work?: Work; inspect?: () => Promise<{ wrong: number; more: Record<string, number> }> }

async function onPostgres(
  scenario: string,
  strike?: (postgres: TestPostgres, running: Running) => Promise<void>,
  {
    keys,
    environment,
    ...tried
  }: Tried & { keys?: (instance: number) => string; environment?: Record<string, string> } = {},
): Promise<Figures> {
  const postgres = await startPostgres()
  try {
    return await survive({
      scenario,
      globus,
      environment: (index) => ({
        ...environment,
        DATABASE_URL: postgres.url,
        ...(keys && { SECRETS_KEY: keys(index) }),
      }),
      ...tried,
      instances: 2,
      rounds,
      minutes,
      ...(strike && { strike: (running) => strike(postgres, running) }),
      say,
    })
  } finally {
    await postgres.close()
  }
}

async function undergo(scenario: string, ordeal: Ordeal): Promise<Figures> {
  const { restartable = true, once = false, longest, prepare, strike } = ordeal
  const postgres = await startPostgres()
  const proxies = await proxiesOf(ordeal, postgres.url)
  const file = join(folder, scenario)
  let begun = false
  try {
    return await survive({
      scenario,
      globus,
      environment: (index) => ({
        DATABASE_URL: proxies[index]?.through(postgres.url) ?? postgres.url,
        WITNESS: file,
        RESTARTABLE: restartable ? 'yes' : 'no',
      }),
      instances: 2,
      rounds,
      minutes,
      strike: async (running) => {
        // What goes wrong from now on may not go wrong while an instance starts.
        if (!begun) prepare?.(proxies)
        begun = true
        await strike({ running, postgres, proxies })
      },
      work: witnessed(longest),
      inspect: () => inspect(file, once),
      say,
    })
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()))
    await postgres.close()
  }
}

const scenarios: Record<string, () => Promise<Figures>> = {
  'crashes-sqlite': () =>
    survive({
      scenario: 'crashes-sqlite',
      globus,
      environment: () => ({ DATABASE_URL: `sqlite:${join(folder, 'actions.db')}` }),
      instances: 1,
      rounds,
      minutes,
      say,
    }),
  'crashes-postgres': () => onPostgres('crashes-postgres'),
  /** Work of five steps, each of which has an effect outside of the database. */
  'steps-sqlite': () => {
    const { file, ...tried } = stepping(join(folder, 'steps-sqlite'))
    return survive({
      scenario: 'steps-sqlite',
      globus,
      environment: () => ({ DATABASE_URL: `sqlite:${join(folder, 'steps.db')}`, STEPS: file }),
      ...tried,
      instances: 1,
      rounds,
      minutes,
      say,
    })
  },
  'steps-postgres': () => {
    const { file, ...tried } = stepping(join(folder, 'steps-postgres'))
    return onPostgres('steps-postgres', undefined, { environment: { STEPS: file }, ...tried })
  },
  /** The database ends all connections, or goes away for a moment, in turns. */
  'outages-postgres': () => {
    let strikes = 0
    return onPostgres('outages-postgres', async (postgres) => {
      if (strikes++ % 2 === 0) return postgres.terminateConnections()
      await postgres.stop()
      await sleep(Math.random() * 1_000)
      await postgres.start()
    })
  },
  /** A new key reaches one instance, and after a moment the other. Work asks for a token, which the key seals. */
  'rotations-postgres': () => {
    const newKey = (): string => randomBytes(32).toString('base64')
    let keys = [newKey()]
    const rotate = async (_: TestPostgres, { restart }: Running): Promise<void> => {
      // The oldest goes once what it sealed has ended.
      keys = [newKey(), ...keys].slice(0, 3)
      for (const instance of [0, 1]) {
        await restart(instance, 'SIGTERM')
        await sleep(Math.random() * 2_000)
      }
    }
    const body: Work['body'] = (id) => ({ ...greeting.body(id), required_dependent_scope: GROUPS })
    return onPostgres('rotations-postgres', rotate, {
      keys: () => keys.join(','),
      work: { ...greeting, body },
    })
  },
  ...Object.fromEntries(
    Object.entries(ORDEALS).map(([name, ordeal]) => [name, () => undergo(name, ordeal)] as const),
  ),
}

const { values, positionals } = readArguments(
  `npm run test:chaos -- [--rounds N] [--minutes N] [${Object.keys(scenarios).join(' | ')} …]`,
  {
    options: { rounds: { type: 'string', default: '100' }, minutes: { type: 'string', default: '60' } },
    allowPositionals: true,
  },
  (read) =>
    Number(read.values.rounds) > 0 &&
    Number(read.values.minutes) > 0 &&
    read.positionals.every((name) => Object.hasOwn(scenarios, name)),
)
const rounds = Number(values.rounds)
const minutes = Number(values.minutes)
const globus = await startGlobus()
const folder = await mkdtemp(join(tmpdir(), 'chaos-'))
// What starts a thousand times is compiled once.
process.env.NODE_COMPILE_CACHE ??= join(folder, 'compiled')
const figures: Figures[] = []
try {
  for (const [name, scenario] of Object.entries(scenarios)) {
    if (positionals.length === 0 || positionals.includes(name)) figures.push(await scenario())
  }
} finally {
  await globus.close()
  await rm(folder, { recursive: true, force: true })
}
for (const each of figures) {
  say(
    [
      `${each.scenario}: ${each.rounds} rounds, ${each.acknowledged} acknowledged, ${each.lost} lost, ${each.doubled} doubled`,
      ...Object.entries(each.more).map(([name, count]) => `${count} ${name}`),
      `${each.seconds} s`,
    ].join(', '),
  )
}
if (figures.some(({ lost, doubled }) => lost + doubled > 0)) process.exitCode = 1
