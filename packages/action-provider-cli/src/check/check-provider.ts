import { isObject } from '../client/documents.ts'
import { mask } from '../output/masking.ts'
import type { Check, Group } from './check.ts'
import { groups } from './checks.ts'
import { Fault, Skip, TimeUp } from './outcome.ts'
import { releaseAll } from './release-all.ts'
import type { Report, Result } from './report.ts'
import { createSubject, type Subject, type SubjectOptions } from './subject.ts'
import { type Answer, cameWords, sentWords } from './wire.ts'

export type CheckOptions = Omit<SubjectOptions, 'signal' | 'trace'> & {
  /** How long all checks may take, in milliseconds. */
  timeLimit: number
  /** Ends the checks early. The actions that they started are still released. */
  interrupt?: AbortSignal
  trace?: (line: string) => void
  /** The checks to make, by id or by the beginning of ids, such as `run` (default: all). */
  only?: readonly string[]
  /** Called when a check begins. */
  onCheck?: (check: Check) => void
}

/**
 * Makes all checks of a provider, one after the other, and releases every action that they started.
 *
 * @param options the answer of introspect, an input that works, and the callers' tokens, which no report
 *   shows
 * @throws nothing because of the provider: the report says what it does
 */
export async function checkProvider(options: CheckOptions): Promise<Report> {
  const { timeLimit, interrupt, trace = () => {}, onCheck = () => {}, only = [''] } = options
  const { url, description, input } = options
  const signal = AbortSignal.any([AbortSignal.timeout(timeLimit), ...(interrupt ? [interrupt] : [])])
  const subject = createSubject({
    ...options,
    signal,
    trace: (answer) => trace(`${sentWords(answer.request)}\n  ${cameWords(answer)}`),
  })
  const results: Result[] = []
  for (const group of groups) {
    for (const check of group.checks) {
      if (!only.some((begin) => check.id === begin || check.id.startsWith(begin && `${begin}.`))) continue
      onCheck(check)
      results.push(await made(check, group, subject))
    }
  }
  const left = [...(await releaseAll(subject, options)), ...subject.unclear]
  const count = (outcome: Result['outcome'], level?: Result['level']): number =>
    results.filter((result) => result.outcome === outcome && (level ?? result.level) === result.level).length
  return {
    url: url.href,
    title: String(description.title ?? ''),
    input,
    started: subject.count(),
    left,
    complete: results.every(({ note }) => note !== TIME_UP),
    passed: count('passed'),
    skipped: count('skipped'),
    failed: { must: count('failed', 'must'), should: count('failed', 'should') },
    results,
  }
}

const TIME_UP = 'there was no time left: give more as --time-limit'

async function made(check: Check, { title: group }: Group, subject: Subject): Promise<Result> {
  const before = subject.seen.length
  const began = performance.now()
  const { outcome, note, answer } = await verified(check, subject)
  const shown = answer ?? (subject.seen.length > before ? subject.seen.at(-1) : undefined)
  const { id, level, title, section, says, mend } = check
  return {
    id,
    group,
    level,
    title,
    outcome,
    ...(note !== undefined && { note: mask(note) }),
    ...(shown && { sent: sentWords(shown.request), came: shown.status === 0 ? 'nothing' : cameWords(shown) }),
    section,
    says,
    mend,
    milliseconds: Math.round(performance.now() - began),
  }
}

type Verified = { outcome: Result['outcome']; note?: string | undefined; answer?: Answer | undefined }

async function verified(check: Check, subject: Subject): Promise<Verified> {
  try {
    return { outcome: 'passed', note: (await check.verify(subject)) ?? undefined }
  } catch (error) {
    if (error instanceof Fault) return { outcome: 'failed', note: error.message, answer: error.answer }
    if (error instanceof Skip) return { outcome: 'skipped', note: error.message }
    if (error instanceof TimeUp) return { outcome: 'skipped', note: TIME_UP }
    throw error
  }
}

/** The description as it was received, valid or not. */
export function asDescription(json: unknown): Record<string, unknown> {
  return isObject(json) ? { ...json } : {}
}
