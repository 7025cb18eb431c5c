import type { JSX } from 'preact'
import type { Summary } from '../../thread/calls.ts'

/** Each state has a mark beside its colour, for people who do not see the colours. */
const MARKS = { ACTIVE: '●', INACTIVE: '❚❚', SUCCEEDED: '✓', FAILED: '✕' } as const

export function StateBadge({ status }: Pick<Summary, 'status'>): JSX.Element {
  return (
    <span class={`state ${status.toLowerCase()}`}>
      <span aria-hidden="true">{MARKS[status]}</span> {status}
    </span>
  )
}
