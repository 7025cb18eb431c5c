import { InvalidDefinition } from '../errors.ts'
import type { Hooks, OperationEvent } from '../provider/hooks.ts'

/** Where and how metrics go to CloudWatch. */
export type CloudwatchEmfOptions = {
  /** The CloudWatch namespace of the metrics. */
  namespace: string
  /** The value of the dimension `ActionProvider`. */
  actionProvider: string
  /** For how long requests are gathered into one line, in milliseconds (default 1,000); 0 writes a line for each. */
  gather?: number
  /** Takes each line, without its end (default: standard output). */
  write?: (line: string) => void
}

/** A provider's hooks that write metrics, and what writes those gathered so far. */
export type CloudwatchEmf = Pick<Required<Hooks>, 'after'> & { flush: () => void }

/** CloudWatch takes this many values of a metric in one line. */
const MOST = 100

const METRICS = [
  { Name: 'RequestCount', Unit: 'Count' },
  { Name: '2XXs', Unit: 'Count' },
  { Name: '4XXs', Unit: 'Count' },
  { Name: '5XXs', Unit: 'Count' },
  { Name: 'RequestLatency', Unit: 'Milliseconds' },
] as const

type Values = Record<(typeof METRICS)[number]['Name'], number[]>

/**
 * Writes CloudWatch's Embedded Metric Format, with the metrics of the Python toolkit: RequestCount, 2XXs, 4XXs, 5XXs and RequestLatency,
 * by ActionProvider and by ActionProvider and Route (the operation). CloudWatch reads them out of the log that standard output goes to.
 * Requests of one moment share a line, which CloudWatch counts as if each had its own.
 *
 * @example
 * defineActionProvider({ …, hooks: cloudwatchEmf({ namespace: 'Science', actionProvider: 'Echo' }) })
 */
export function cloudwatchEmf(options: CloudwatchEmfOptions): CloudwatchEmf {
  const { namespace, actionProvider, gather = 1_000 } = options
  const write = options.write ?? ((line: string) => void process.stdout.write(`${line}\n`))
  for (const [name, value] of Object.entries({ namespace, actionProvider })) {
    if (!value || value.length > 255) {
      throw new InvalidDefinition(`cloudwatchEmf needs '${name}', of at most 255 characters`)
    }
  }
  const gathered = new Map<string, Values>()
  let timer: NodeJS.Timeout | undefined

  const writeRoute = (route: string, values: Values): void => {
    gathered.delete(route)
    write(JSON.stringify(lineOf(namespace, actionProvider, route, values)))
  }
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    for (const [route, values] of gathered) writeRoute(route, values)
  }
  return {
    flush,
    after({
      operation,
      statusCode,
      durationMs,
    }: OperationEvent & { statusCode: number; durationMs: number }) {
      const values = gathered.get(operation) ?? noValues()
      gathered.set(operation, values)
      values.RequestCount.push(1)
      for (const [name, hundred] of [
        ['2XXs', 2],
        ['4XXs', 4],
        ['5XXs', 5],
      ] as const) {
        values[name].push(Math.floor(statusCode / 100) === hundred ? 1 : 0)
      }
      values.RequestLatency.push(durationMs)
      if (gather === 0 || values.RequestCount.length === MOST) writeRoute(operation, values)
      else timer ??= setTimeout(flush, gather)
    },
  }
}

function noValues(): Values {
  return { RequestCount: [], '2XXs': [], '4XXs': [], '5XXs': [], RequestLatency: [] }
}

/** One line: the values themselves, and what they are. */
function lineOf(namespace: string, actionProvider: string, route: string, values: Values): object {
  return {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [['ActionProvider'], ['ActionProvider', 'Route']],
          Metrics: METRICS,
        },
      ],
    },
    ActionProvider: actionProvider,
    Route: route,
    ...Object.fromEntries(
      Object.entries(values).map(([name, all]) => [name, all.length === 1 ? all[0] : all]),
    ),
  }
}
