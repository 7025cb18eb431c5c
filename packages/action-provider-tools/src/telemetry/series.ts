import { Counter, type Metric, type Registry } from 'prom-client'

/** The labels of one series. */
type Labels = Readonly<Record<string, string | number>>

/** The count of one set of labels: add to `n`. */
type Cell = { n: number }

/** A metric's name without the common prefix, and its help text. */
type Described = { name: string; help: string }

const PREFIX = 'action_provider_'

/**
 * A counter. Get each cell once and add to it directly: prom-client looks the labels up for every count,
 * which takes a microsecond, many times the count itself.
 *
 * @example
 * const hits = counter(registry, { name: 'hits_total', help: 'Hits', labelNames: ['place'] })({ place: 'home' })
 * hits.n++
 */
export function counter<const Name extends string>(
  registry: Registry,
  { name, help, labelNames }: Described & { labelNames: readonly Name[] },
): (labels: Readonly<Record<Name, string | number>>) => Cell {
  const cells: { labels: Record<Name, string | number>; cell: Cell }[] = []
  new Counter({
    name: `${PREFIX}${name}`,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, cell } of cells) this.inc(labels, cell.n)
    },
  })
  return (labels) => {
    const cell = { n: 0 }
    cells.push({ labels: { ...labels }, cell })
    return cell
  }
}

/**
 * A histogram. Get each series once, like a counter's cells: it is a function that takes a measured value.
 * @param bounds the upper bounds of the buckets, ascending
 */
export function histogram(
  registry: Registry,
  { name, help, bounds }: Described & { bounds: readonly number[] },
): (labels: Labels) => (value: number) => void {
  const full = `${PREFIX}${name}`
  const all: { labels: Labels; counts: number[]; sum: Cell }[] = []
  const valuesOf = ({ labels, counts, sum }: (typeof all)[number]): object[] => {
    let count = 0
    const buckets = counts.map((n, index) => {
      count += n
      return {
        metricName: `${full}_bucket`,
        labels: { ...labels, le: bounds[index] ?? '+Inf' },
        value: count,
      }
    })
    return [
      ...buckets,
      { metricName: `${full}_sum`, labels, value: sum.n },
      { metricName: `${full}_count`, labels, value: count },
    ]
  }
  const metric = {
    name: full,
    help,
    type: 'histogram',
    aggregator: 'sum',
    get: async () => ({
      name: full,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: all.flatMap(valuesOf),
    }),
    reset() {
      for (const { counts, sum } of all) {
        counts.fill(0)
        sum.n = 0
      }
    },
  }
  // A Registry calls no more than this of a metric, but its type names prom-client's own classes.
  registry.registerMetric(metric as unknown as Metric)
  return (labels) => {
    const counts: number[] = new Array(bounds.length + 1).fill(0)
    const sum = { n: 0 }
    all.push({ labels, counts, sum })
    return (value) => {
      let index = 0
      while (index < bounds.length && value > (bounds[index] as number)) index++
      counts[index] = (counts[index] as number) + 1
      sum.n += value
    }
  }
}

/** Makes a value once for each key, and returns the same one from then on. */
export function once<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>()
  return (key) => {
    const present = made.get(key)
    if (present !== undefined) return present
    const value = make(key)
    made.set(key, value)
    return value
  }
}
