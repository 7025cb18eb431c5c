import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type DatabaseProxy,
  startDatabaseProxy,
} from '../../packages/action-provider-tools/test/database-proxy.ts'
import type { TestPostgres } from '../../packages/action-provider-tools/test/postgres.ts'
import { witness } from '../program.ts'
import type { Sight } from '../witness.ts'
import type { Running, Work } from './survive.ts'

/** What is done to two instances that share a PostgreSQL database, so that who owns work comes into question. */
export type Ordeal = {
  /** Whether each instance reaches the database by way of a proxy of its own. */
  proxied?: boolean
  /** Whether the work may run again. */
  restartable?: boolean
  /** The longest that an action works, in milliseconds. */
  longest: number
  /** Whether work must not begin again, for there is no need. */
  once?: boolean
  prepare?: (proxies: readonly DatabaseProxy[]) => void
  strike: (scene: {
    running: Running
    postgres: TestPostgres
    proxies: readonly DatabaseProxy[]
  }) => Promise<void>
}

/** Longer than a lease, in milliseconds: whatever is stopped for so long has lost what it held. */
const LONGER_THAN_A_LEASE = 18_000

const one = (): number => Math.floor(Math.random() * 2)

const outage: Ordeal['strike'] = async ({ postgres }) => {
  await postgres.stop()
  await sleep(LONGER_THAN_A_LEASE)
  await postgres.start()
  await sleep(2_000)
}

const rollOver: Ordeal['strike'] = ({ running }) => running.restart(one(), 'SIGTERM')

/** Loses one in twenty answers, of statements that change something and of commits. */
const loseAnswers: Ordeal['prepare'] = (proxies) => {
  for (const proxy of proxies) {
    for (const statement of ['change', 'take-jobs', 'keep-jobs', 'return-jobs', 'record', 'COMMIT']) {
      proxy.loseAnswers(statement, 0.05)
    }
  }
}

export const ORDEALS: Readonly<Record<string, Ordeal>> = {
  /** An instance stands still for longer than a lease, and goes on. */
  'freezes-postgres': {
    longest: 20_000,
    async strike({ running }) {
      const { child } = running.programs[one()] ?? {}
      child?.kill('SIGSTOP')
      await sleep(LONGER_THAN_A_LEASE)
      child?.kill('SIGCONT')
      await sleep(2_000)
    },
  },
  /** An instance is cut off from the database, without a word, for longer than a lease. */
  'silence-postgres': {
    proxied: true,
    longest: 20_000,
    async strike({ proxies }) {
      const proxy = proxies[one()]
      proxy?.silence(true)
      await sleep(LONGER_THAN_A_LEASE)
      proxy?.silence(false)
      await sleep(2_000)
    },
  },
  /** The database is away for longer than a lease, and all that works ends meanwhile. */
  'long-outages-postgres': { longest: 3_000, once: true, strike: outage },
  'long-outages-postgres-once': { longest: 20_000, once: true, restartable: false, strike: outage },
  /** Answers of the database are lost, though what they are about was done. */
  'acknowledgements-postgres': {
    proxied: true,
    longest: 1_000,
    prepare: loseAnswers,
    strike: () => sleep(1_000),
  },
  'acknowledgements-postgres-once': {
    proxied: true,
    longest: 1_000,
    once: true,
    restartable: false,
    prepare: loseAnswers,
    strike: () => sleep(1_000),
  },
  /** Instances are replaced one after the other, and work needs less than the grace period. */
  'restarts-postgres': { longest: 3_000, once: true, strike: rollOver },
  'restarts-postgres-once': { longest: 3_000, once: true, restartable: false, strike: rollOver },
}

/** Actions that work for a while, and write down when. */
export function witnessed(longest: number): Work {
  return {
    program: witness,
    body: (request_id) => ({
      work_time: ((Number(request_id.split('-')[1]) * 7919) % 100) * (longest / 100),
    }),
    isRight: ({ attempt }) => typeof attempt === 'number',
    pause: 20,
  }
}

export async function proxiesOf({ proxied }: Ordeal, url: string): Promise<DatabaseProxy[]> {
  return proxied ? Promise.all([startDatabaseProxy(url), startDatabaseProxy(url)]) : []
}

/** How many steps an attempt may take after a later one has begun: those before a process that stood still hears of it. */
const LAST_STEPS = 3

/** Looks through what the work wrote down for runs at the same time, and for runs that need not have been. */
export async function inspect(
  file: string,
  once: boolean,
): Promise<{ wrong: number; more: Record<string, number> }> {
  const actions = new Map<string, Sight[]>()
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    if (line === '') continue
    const sight = JSON.parse(line) as Sight
    actions.set(sight.action_id, [...(actions.get(sight.action_id) ?? []), sight])
  }
  const all = [...actions.values()]
  const repeated = all.filter((sights) => sights.filter(({ what }) => what === 'begin').length > 1).length
  const overlapping = all.filter(overlaps).length
  return { wrong: overlapping + (once ? repeated : 0), more: { repeated, overlapping } }
}

function overlaps(sights: readonly Sight[]): boolean {
  const began = sights.filter(({ what }) => what === 'begin')
  return began.some((later) => {
    const earlier = sights.filter(
      ({ attempt, what, at }) => attempt < later.attempt && what === 'step' && at > later.at,
    )
    return earlier.length > LAST_STEPS
  })
}
