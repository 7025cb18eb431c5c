import { InvalidDefinition } from '../errors.ts'
import type { Hooks, OperationEvent } from '../provider/hooks.ts'

/** The options of metrics for CloudWatch. */
export type CloudwatchEmfOptions = {
  /** The CloudWatch namespace of the metrics. */
  namespace: string
  /** The value of the dimension `ActionProvider`. */
  actionProvider: string
  /**
   * How long requests are collected into one line, in milliseconds (default 1,000). 0 writes a line for each
   * request.
   */
  gather?: number
  /** Writes a line, which has no line feed (default: to standard output). */
  write?: (line: string) => void
}

/** The hook that collects metrics, and `flush`, which writes those collected so far. */
export type CloudwatchEmf = Pick<Required<Hooks>, 'after'> & { flush: () => void }

/** How many values of a metric CloudWatch takes in one line. */
const MOST = 100

const METRICS = JSON.stringify([
  { Name: 'RequestCount', Unit: 'Count' },
  { Name: '2XXs', Unit: 'Count' },
  { Name: '4XXs', Unit: 'Count' },
  { Name: '5XXs', Unit: 'Count' },
  { Name: 'RequestLatency', Unit: 'Milliseconds' },
])

/** The status codes of some requests, and how long each took in milliseconds. */
type Answers = { statusCodes: number[]; durations: number[] }

/**
 * Writes CloudWatch's Embedded Metric Format, with the metrics of the Python toolkit: RequestCount, 2XXs,
 * 4XXs, 5XXs and RequestLatency, by ActionProvider and by ActionProvider and Route (the operation).
 * CloudWatch reads them from the log of standard output. Requests that end together share a line. CloudWatch
 * counts each of them.
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
  const dimensions = [['ActionProvider'], ['ActionProvider', 'Route']]
  const directive = `[{"Namespace":${JSON.stringify(namespace)},"Dimensions":${JSON.stringify(dimensions)},"Metrics":${METRICS}}]`
  const gathered = new Map<string, Answers>()
  let timer: NodeJS.Timeout | undefined

  const writeRoute = (route: string, answers: Answers): void => {
    gathered.delete(route)
    const about = `"_aws":{"Timestamp":${Date.now()},"CloudWatchMetrics":${directive}}`
    const dimension = `"ActionProvider":${JSON.stringify(actionProvider)},"Route":${JSON.stringify(route)}`
    write(`{${about},${dimension},${valuesOf(answers)}}`)
  }
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    for (const [route, answers] of gathered) writeRoute(route, answers)
  }
  return {
    flush,
    after({
      operation,
      statusCode,
      durationMs,
    }: OperationEvent & { statusCode: number; durationMs: number }) {
      let answers = gathered.get(operation)
      if (answers === undefined) {
        answers = { statusCodes: [], durations: [] }
        gathered.set(operation, answers)
      }
      answers.statusCodes.push(statusCode)
      answers.durations.push(durationMs)
      if (gather === 0 || answers.statusCodes.length === MOST) writeRoute(operation, answers)
      else timer ??= setTimeout(flush, gather)
    },
  }
}

/** The metrics of a line as JSON: each a number, or a list if the line has several requests. */
function valuesOf({ statusCodes, durations }: Answers): string {
  const list = (values: readonly (number | string)[]): string =>
    values.length === 1 ? `${values[0]}` : `[${values.join(',')}]`
  const of = (hundred: number): string =>
    list(statusCodes.map((code) => (Math.floor(code / 100) === hundred ? 1 : 0)))
  const latencies = list(durations.map((duration) => Math.round(duration * 1_000) / 1_000))
  const counts = `"RequestCount":${list(statusCodes.map(() => 1))}`
  return `${counts},"2XXs":${of(2)},"4XXs":${of(4)},"5XXs":${of(5)},"RequestLatency":${latencies}`
}
