import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Bench, type Contestant, contest, pairs, startProvider } from './bench.ts'
import { checkOut } from './checkout.ts'
import type { Figure } from './figure.ts'
import { type Pair, summary } from './figure.ts'
import { cpuNote } from './figures/paired.ts'
import { runOf } from './figures/run.ts'
import { statusOf } from './figures/status.ts'
import type { Server } from './process.ts'
import { sources } from './programs.ts'

/** A loss below this is taken for chance. */
const NOTICEABLE = 0.03

/** What is compared: how a provider is asked. */
const QUESTIONS: Record<string, (bench: Bench, server: Server) => Promise<Contestant>> = {
  status: async (bench, server) => (await statusOf(bench, server)).contestant,
  run: runOf,
  introspect: async (_bench, server) => ({
    servers: [server],
    calls: [{ method: 'GET', path: '/skeleton/' }],
  }),
}

/** This revision's speed beside another's, in turns. */
export async function compare(bench: Bench, revision: string): Promise<Figure[]> {
  const folder = join(bench.folder, 'revision')
  bench.opened.defer(await checkOut(revision, folder))
  const other = sources(pathToFileURL(`${folder}/`))
  const figures: Figure[] = []
  for (const [name, ask] of Object.entries(QUESTIONS)) {
    const results = await contest(bench, async (bench) => ({
      now: await ask(bench, await startProvider(bench, 'watchasay')),
      before: await ask(bench, await startProvider(bench, 'watchasay', {}, other)),
    }))
    const rounds = pairs(results.now, results.before, ({ rate }) => rate)
    const { measured, limit, ratio } = summary(rounds)
    figures.push({
      name,
      unit: 'req/s',
      measured,
      limit: { name: revision, value: limit },
      ratio,
      must: { least: 1 - NOTICEABLE },
      note: `${verdict(rounds)}; ${cpuNote(results.now, results.before)}`,
      detail: results,
    })
  }
  return figures
}

/** Slower or faster only where most rounds say so too. */
function verdict(rounds: readonly Pair[]): string {
  const { ratio } = summary(rounds)
  const slower = rounds.filter(({ measured, limit }) => measured < limit).length / rounds.length
  if (ratio < 1 - NOTICEABLE && slower >= 0.75) return 'slower'
  if (ratio > 1 + NOTICEABLE && slower <= 0.25) return 'faster'
  return 'as fast, as far as this machine can tell'
}
