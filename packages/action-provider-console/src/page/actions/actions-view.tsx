import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Summary } from '../../thread/calls.ts'
import { Link } from '../parts/link.tsx'
import { plain } from '../parts/plain.ts'
import { principalText } from '../parts/principal.ts'
import { ProblemBox } from '../parts/problem.tsx'
import { StateBadge } from '../parts/state-badge.tsx'
import { durationText, Time } from '../parts/time.tsx'
import { useTitle } from '../parts/use-title.ts'
import { ProviderFrame } from '../providers/provider-frame.tsx'
import { Gate } from '../sign-in/gate.tsx'
import { now } from '../state/live.ts'
import { type Description, inQuery } from '../state/providers.ts'
import { go, hrefOf, route } from '../state/route.ts'
import { Chart } from './chart.tsx'
import { fits, queryOf, type Wanted, wantedOf } from './filter.ts'
import { Filters } from './filters.tsx'
import { useActions } from './use-actions.ts'

/** How many actions load by themselves: some lists are endless. */
const MOST = 2_000

/** The actions of a provider that the user created, may see or may manage. */
export function ActionsView({ provider }: { provider: string }): JSX.Element {
  return (
    <ProviderFrame provider={provider} view="actions">
      {(description) => (
        <Gate provider={provider} description={description} what="see your actions">
          <Actions provider={provider} description={description} />
        </Gate>
      )}
    </ProviderFrame>
  )
}

function Actions({ provider, description }: { provider: string; description: Description }): JSX.Element {
  useTitle('Actions', plain(description.title))
  const wanted = wantedOf(route.value.query)
  const { actions, end, busy, error, more, again } = useActions(provider, wanted)
  const shown = actions.filter((action) => fits(wanted, action))
  const change = (other: Partial<Wanted>): void =>
    go(hrefOf('actions', { provider: inQuery(provider), ...queryOf({ ...wanted, ...other }) }), {
      replace: true,
    })
  // A match may be on a later page.
  const onItsOwn = actions.length < MOST
  const needsMore = shown.length < 20 && onItsOwn && !end && !busy && error === undefined
  useEffect(() => {
    if (needsMore) more()
  }, [needsMore, actions.length])
  return (
    <>
      <h1>Actions</h1>
      <Filters wanted={wanted} change={change} />
      <Chart actions={shown} />
      {error !== undefined && <ProblemBox error={error} again={again} />}
      {shown.length > 0 && <Table provider={provider} actions={shown} />}
      {shown.length === 0 && !busy && end && error === undefined && (
        <div class="box empty">
          <h2>{actions.length === 0 ? 'There are no actions here' : 'No action matches'}</h2>
          <p>
            {actions.length === 0
              ? 'Run one, or choose other states and roles.'
              : 'Try another text or time.'}
          </p>
          <p class="buttons">
            <Link class="button main" href={hrefOf('run', { provider: inQuery(provider) })}>
              Run
            </Link>
          </p>
        </div>
      )}
      {busy && <p class="waiting">Loading …</p>}
      {!end && !busy && <More more={more} onItsOwn={onItsOwn} />}
    </>
  )
}

/** Loads more when it scrolls into view or is pressed. */
function More({ more, onItsOwn }: { more(): void; onItsOwn: boolean }): JSX.Element {
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    const watch = new IntersectionObserver(([seen]) => seen?.isIntersecting && more(), {
      rootMargin: '400px',
    })
    if (button.current && onItsOwn) watch.observe(button.current)
    return () => watch.disconnect()
  })
  return (
    <p>
      <button type="button" ref={button} onClick={more}>
        Show more
      </button>
    </p>
  )
}

function Table({ provider, actions }: { provider: string; actions: readonly Summary[] }): JSX.Element {
  return (
    <div class="table-box">
      <table class="actions">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Action</th>
            <th scope="col">Status</th>
            <th scope="col">Started</th>
            <th scope="col">Duration</th>
            <th scope="col">Creator</th>
          </tr>
        </thead>
        <tbody>
          {actions.map((action) => (
            <Row key={action.id} provider={provider} action={action} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ provider, action }: { provider: string; action: Summary }): JSX.Element {
  const { id, status, label, display_status, start_time, creator_id } = action
  return (
    <tr>
      <td>
        <StateBadge status={status} />
      </td>
      <td class="main-cell">
        <Link href={hrefOf('action', { provider: inQuery(provider), id })}>{plain(label ?? id)}</Link>
        {label && <small class="code">{plain(id)}</small>}
      </td>
      <td class="says">{display_status && display_status !== status ? plain(display_status) : ''}</td>
      <td class="nowrap" data-name="Started">
        {start_time && <Time at={start_time} short />}
      </td>
      <td class="nowrap" data-name="Duration">
        {tookText(action)}
      </td>
      <td class="creator" data-name="Creator">
        {principalText(creator_id)}
      </td>
    </tr>
  )
}

/** How long an action took, or has taken so far. */
export function tookText({ start_time, completion_time }: Summary): string {
  const start = Date.parse(start_time ?? '')
  const end = completion_time === undefined ? now.value : Date.parse(completion_time)
  return Number.isNaN(end - start) ? '' : durationText(Math.max(0, end - start))
}
