import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { StepLine, Summary } from '../../thread/calls.ts'
import { Link } from '../parts/link.tsx'
import { plain } from '../parts/plain.ts'
import { durationOf, durationText } from '../parts/time.tsx'
import { now } from '../state/live.ts'
import { ask } from '../state/thread.ts'

type TimelineProps = {
  /** The key of the log. */
  log: string
  /** How many lines it has. */
  lines: number
  action: Summary
  hrefOfLine(line: number): string
}

/** The steps and waits of the work, each with its place on the time line of the action. */
export function Timeline({ log, lines, action, hrefOfLine }: TimelineProps): JSX.Element | null {
  const [steps, setSteps] = useState<StepLine[]>([])
  useEffect(() => {
    void ask('stepsOfLog', { key: log }).then(setSteps)
  }, [log, lines])
  if (steps.length === 0) return null
  const end = action.completion_time === undefined ? now.value : Date.parse(action.completion_time)
  const parts = steps.map((step, index) => ({ ...step, ...spanOf(step, steps[index + 1], end) }))
  const first = Math.min(Date.parse(action.start_time ?? ''), ...parts.map(({ from }) => from))
  const whole = Math.max(1, end - first)
  const share = (time: number): string => `${Math.min(100, Math.max(0, (time / whole) * 100))}%`
  return (
    <section class="timeline" aria-label="Steps and waits">
      <h3>Steps and waits</h3>
      <ol>
        {parts.map(({ number, step, code, from, to }) => (
          <li key={number}>
            <Link class="step-name" href={hrefOfLine(number)}>
              {plain(step)}
            </Link>
            <span class="step-way" aria-hidden="true">
              <span
                class={`step-bar ${code === 'Step' ? '' : code === 'StepFailed' ? 'failed' : 'waits'}`}
                style={{ insetInlineStart: share(from - first), width: share(to - from) }}
              />
            </span>
            <span class="step-took">
              {code !== 'Step' && <span class="hint">{plain(code)} </span>}
              {to > from ? durationText(to - from) : ''}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** The log has a step when it ends, a sleep when it begins. */
function spanOf(
  { code, time, duration, until }: StepLine,
  next: StepLine | undefined,
  end: number,
): { from: number; to: number } {
  const told = Date.parse(time)
  // The log does not show that an event has arrived; the next entry of the work does.
  if (code === 'Wait')
    return { from: told, to: next === undefined ? end : Math.max(told, spanOf(next, undefined, end).from) }
  if (until !== undefined) return { from: told, to: Math.max(told, Math.min(Date.parse(until), end)) }
  return { from: told - (durationOf(duration ?? '') ?? 0), to: told }
}
