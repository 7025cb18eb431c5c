import type { ComponentChildren, JSX } from 'preact'
import type { Summary } from '../../thread/calls.ts'
import { tookText } from '../actions/actions-view.tsx'
import { plain } from '../parts/plain.ts'
import { principalText } from '../parts/principal.ts'
import { durationOf, Time } from '../parts/time.tsx'
import { requestOf } from '../run/remembered.ts'

/** Who, when, and for how long. */
export function Facts({ provider, action }: { provider: string; action: Summary }): JSX.Element {
  const { creator_id, start_time, completion_time, release_after, monitor_by, manage_by } = action
  const deadline = action.deadline ?? requestOf(provider, action.id)?.fields.deadline
  const kept = release_after === undefined ? undefined : durationOf(release_after)
  const completed = Date.parse(completion_time ?? '')
  return (
    <section class="box">
      <h2>Facts</h2>
      <dl class="facts">
        <Fact name="Creator">{principalText(creator_id)}</Fact>
        <Fact name="Started">{start_time && <Time at={start_time} />}</Fact>
        <Fact name="Completed">{completion_time && <Time at={completion_time} />}</Fact>
        <Fact name={completion_time === undefined ? 'Duration so far' : 'Duration'}>{tookText(action)}</Fact>
        <Fact name="Deadline">{completion_time === undefined && deadline && <Time at={deadline} />}</Fact>
        <Fact name="Release">
          {kept !== undefined && !Number.isNaN(completed) && (
            <Time at={new Date(completed + kept).toISOString()} />
          )}
          {kept !== undefined && Number.isNaN(completed) && `${plain(release_after ?? '')} after completion`}
        </Fact>
        <Fact name="Others who may see it">
          {monitor_by.length > 0 && monitor_by.map(principalText).join(', ')}
        </Fact>
        <Fact name="Others who may manage it">
          {manage_by.length > 0 && manage_by.map(principalText).join(', ')}
        </Fact>
      </dl>
    </section>
  )
}

/** One fact. Empty facts are not shown. */
function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element | null {
  const isEmpty = [children].flat().every((each) => each === undefined || each === false || each === '')
  if (isEmpty) return null
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}
