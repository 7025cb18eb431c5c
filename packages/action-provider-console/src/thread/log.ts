import type { Action, ActionLogEntry } from 'action-provider-tools/client'
import type { LogCount, LogLine, StepLine, Wait } from './calls.ts'

/** The loaded part of a log, and the search in it. */
export type Log = {
  /** Reads more lines; follows the action if it is not complete. */
  read(follow: boolean, signal: AbortSignal, tell: (count: LogCount) => void): Promise<void>
  search(text: string): LogCount
  rows(from: number, to: number): LogLine[]
  find(number: number): number
  /** The event that the work waits for, according to its log. */
  wait(): Wait | undefined
  /** Its entries about steps and waits. */
  steps(): StepLine[]
  entry(number: number): ActionLogEntry | undefined
}

/** How often the page learns of new lines, in milliseconds. */
const TOLD = 100
/** The most pages of a hundred lines in one reading: some logs are endless. */
const PAGES = 5_000
/** The most steps that are shown. */
const STEPS = 500
/** The longest description in one line. */
const LONGEST = 400

export function createLog(action: Action): Log {
  const entries: ActionLogEntry[] = []
  const steps: StepLine[] = []
  let wait: Wait | undefined
  let wanted = ''
  let found: number[] = []

  const fits = ({ code, description, details }: ActionLogEntry): boolean =>
    wanted === '' ||
    code.toLowerCase().includes(wanted) ||
    description.toLowerCase().includes(wanted) ||
    (details !== undefined && JSON.stringify(details).toLowerCase().includes(wanted))

  function add(entry: ActionLogEntry): void {
    entries.push(entry)
    const step = steps.length < STEPS ? stepOf(entry, entries.length) : undefined
    if (step !== undefined) steps.push(step)
    wait = waitOf(entry) ?? wait
    if (wanted !== '' && fits(entry)) found.push(entries.length - 1)
  }
  const count = (): LogCount => ({
    lines: entries.length,
    found: wanted === '' ? entries.length : found.length,
  })

  /** The number of entries with the last time, which the next reading repeats. */
  function seenOfLastMoment(): { since?: string; seen: number } {
    const since = entries.at(-1)?.time
    if (!since) return { seen: 0 }
    return { since, seen: entries.length - entries.findLastIndex(({ time }) => time !== since) - 1 }
  }

  return {
    async read(follow, signal, tell) {
      const { since, seen: before } = seenOfLastMoment()
      let seen = before
      let timer: ReturnType<typeof setTimeout> | undefined
      const tellSoon = (): void => {
        timer ??= setTimeout(() => {
          timer = undefined
          tell(count())
        }, TOLD)
      }
      try {
        const options = {
          follow,
          throughInactive: true,
          maximumPages: PAGES,
          signal,
          ...(since && { since }),
        }
        for await (const entry of action.log(options)) {
          if (seen > 0 && entry.time === since) seen--
          else add(entry)
          tellSoon()
        }
      } finally {
        clearTimeout(timer)
        tell(count())
      }
    },
    search(text) {
      wanted = text.toLowerCase()
      found =
        wanted === '' ? [] : [...entries.keys()].filter((index) => fits(entries[index] as ActionLogEntry))
      return count()
    },
    rows(from, to) {
      const indexes =
        wanted === '' ? Array.from({ length: to - from }, (_, index) => from + index) : found.slice(from, to)
      return indexes.flatMap((index) => {
        const entry = entries[index]
        return entry === undefined ? [] : [lineOf(entry, index + 1)]
      })
    },
    find: (number) =>
      wanted === '' ? (number <= entries.length ? number - 1 : -1) : found.indexOf(number - 1),
    // A later entry of the work shows that it no longer waits.
    wait: () => (steps.at(-1)?.code === 'Wait' ? wait : undefined),
    steps: () => steps,
    entry: (number) => entries[number - 1],
  }
}

/** The step of an entry that names one in its details. */
function stepOf({ time, code, details }: ActionLogEntry, number: number): StepLine | undefined {
  const { duration, until, event, step = code === 'Wait' ? event : undefined } = details ?? {}
  if (typeof step !== 'string') return undefined
  return {
    number,
    step: cut(step),
    code: cut(code),
    time,
    ...(typeof duration === 'string' && { duration }),
    ...(typeof until === 'string' && { until }),
  }
}

function waitOf({ code, details }: ActionLogEntry): Wait | undefined {
  const { event, schema, until } = details ?? {}
  if (code !== 'Wait' || typeof event !== 'string') return undefined
  return { event, schema: JSON.stringify(schema ?? {}), ...(typeof until === 'string' && { until }) }
}

/** One line of a log, without line ends. */
export function lineOf({ time, code, description, details }: ActionLogEntry, number: number): LogLine {
  return { number, time, code: cut(code), description: cut(description), hasDetails: details !== undefined }
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}
