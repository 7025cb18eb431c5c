import { type Bench, type Contestant, contest, pairs, type Result } from '../bench.ts'
import { type Figure, median, summary } from '../figure.ts'

/** What share of its peak rate a server is given when its latency is measured. */
const SHARE = 0.7

/** Starts a provider and the yardstick, to be asked the same. */
export type StartBoth = (bench: Bench) => Promise<{ provider: Contestant; yardstick: Contestant }>

/** Requests per second of a provider beside the yardstick's. */
export async function rateFigure(
  bench: Bench,
  figure: Pick<Figure, 'name' | 'must' | 'note'>,
  start: StartBoth,
): Promise<Figure> {
  const results = await contest(bench, start)
  const { measured, limit, ratio } = summary(pairs(results.provider, results.yardstick, ({ rate }) => rate))
  return {
    ...figure,
    unit: 'req/s',
    measured,
    limit: { name: 'yardstick', value: limit },
    ratio,
    note: [figure.note, cpuNote(results.provider, results.yardstick)].filter(Boolean).join('; '),
    detail: results,
  }
}

/** The 99th percentile of a provider at 70 % of the rate that `peak` found, beside the yardstick's at 70 % of its own. */
export async function latencyFigure(
  bench: Bench,
  name: string,
  peak: Figure,
  start: StartBoth,
): Promise<Figure> {
  const results = await contest(bench, async (bench) => {
    const { provider, yardstick } = await start(bench)
    return {
      provider: { ...provider, rate: SHARE * peak.measured },
      yardstick: { ...yardstick, rate: SHARE * (peak.limit?.value ?? 0) },
    }
  })
  const { measured, limit, ratio } = summary(pairs(results.provider, results.yardstick, ({ p99 }) => p99))
  const typical = (result: Result): string => `${median(result.loads.map(({ p50 }) => p50)).toFixed(2)} ms`
  return {
    name,
    unit: 'ms',
    measured,
    limit: { name: 'yardstick', value: limit },
    ratio,
    must: { most: 3 },
    note: `p50 ${typical(results.provider)} against ${typical(results.yardstick)}`,
    detail: results,
  }
}

/** Processor time tells the two apart also where others use the machine, though not as well as an idle one would. */
export function cpuNote(provider: Result, yardstick: Result): string {
  const ratio = median(provider.cpu.map((time, round) => (yardstick.cpu[round] ?? Number.NaN) / time))
  return `processor time an answer: ${median(provider.cpu).toFixed(0)} µs against ${median(yardstick.cpu).toFixed(0)} µs, ratio ${ratio.toFixed(2)}`
}
