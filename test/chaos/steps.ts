import { readFile } from 'node:fs/promises'
import { stepper } from '../program.ts'
import { STEP_NAMES, type StepLine } from '../step-lines.ts'
import type { Work } from './survive.ts'

/** The longest that a step takes, in milliseconds. */
const LONGEST = 400

/** Actions of five steps that write down what they do to a file, which is looked through at the end. */
export function stepping(file: string): {
  file: string
  work: Work
  inspect: () => ReturnType<typeof inspectSteps>
} {
  return {
    file,
    work: {
      program: stepper,
      body: (request_id) => ({
        step_time: ((Number(request_id.split('-')[1]) * 7919) % 100) * (LONGEST / 100),
      }),
      // Some dozens are in hand at any time, and a thousand kills take no more than half an hour.
      pause: 150,
      moment: () => 100 + Math.random() * 900,
      isRight: ({ results }) => Array.isArray(results) && results.length === STEP_NAMES.length,
    },
    inspect: () => inspectSteps(file),
  }
}

/** Looks through what the work wrote down for steps that ran although their result was kept, were left out, or lost a result. */
async function inspectSteps(file: string): Promise<{ wrong: number; more: Record<string, number> }> {
  const actions = new Map<string, StepLine[]>()
  for (const text of (await readFile(file, 'utf8')).split('\n')) {
    if (text === '') continue
    const line = JSON.parse(text) as StepLine
    actions.set(line.action_id, [...(actions.get(line.action_id) ?? []), line])
  }
  const all = [...actions.values()]
  const count = (isSo: (lines: StepLine[], step: string) => boolean): number =>
    all.flatMap((lines) => STEP_NAMES.filter((step) => isSo(linesOf(lines, step), step))).length
  const repeated = count(ranThoughKept)
  const skipped = count((lines) => !lines.some(({ what }) => what === 'done'))
  const changed = count(hasTwoResults)
  const gaps = all.flatMap(takeoverTimes).sort((a, b) => a - b)
  return {
    wrong: repeated + skipped + changed,
    more: {
      'steps repeated': repeated,
      'steps skipped': skipped,
      'results changed': changed,
      'times that work was taken over': gaps.length,
      'ms until it went on, at the median': Math.round(gaps[Math.floor(gaps.length / 2)] ?? 0),
    },
  }
}

const linesOf = (lines: readonly StepLine[], step: string): StepLine[] =>
  lines.filter((line) => line.step === step)

/** What had its effect before its result was durable may run again; nothing else may. */
function ranThoughKept(lines: readonly StepLine[]): boolean {
  const kept = lines.find(({ what }) => what === 'kept')
  return kept !== undefined && lines.some(({ what, at }) => what === 'done' && at > kept.at)
}

/** Each attempt is given the same, and it is what one run of the step gave. */
function hasTwoResults(lines: readonly StepLine[]): boolean {
  const kept = new Set(lines.filter(({ what }) => what === 'kept').map(({ result }) => result))
  const given = new Set(lines.filter(({ what }) => what === 'done').map(({ result }) => result))
  return kept.size > 1 || [...kept].some((result) => !given.has(result))
}

/** How long it took from the last that an attempt wrote down until the next one began, in milliseconds. */
function takeoverTimes(lines: readonly StepLine[]): number[] {
  return lines
    .filter(({ what, attempt }) => what === 'begin' && attempt > 1)
    .map(({ attempt, at }) => {
      const before = lines.filter((line) => line.attempt < attempt && line.at < at)
      return at - Math.max(...before.map((line) => line.at))
    })
    .filter(Number.isFinite)
}
