import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { ActionView } from '../action/action-view.tsx'
import { ActionsView } from '../actions/actions-view.tsx'
import { Announcer } from '../parts/announce.tsx'
import { Link } from '../parts/link.tsx'
import { ProblemBox } from '../parts/problem.tsx'
import { ProviderView } from '../providers/provider-view.tsx'
import { ProvidersView } from '../providers/providers-view.tsx'
import { RunView } from '../run/run-view.tsx'
import { fromQuery } from '../state/providers.ts'
import { hrefOf, route } from '../state/route.ts'
import { Account } from './account.tsx'
import { Banners } from './banners.tsx'
import { LiveButton } from './live-button.tsx'

/** The frame of all views. */
export function App(): JSX.Element {
  const main = useRef<HTMLElement>(null)
  const { view } = route.value
  const first = useRef(true)
  useEffect(() => {
    // Moves the keyboard focus to the new view.
    if (!first.current) main.current?.focus({ preventScroll: true })
    first.current = false
  }, [view])
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="bar">
        <Link class="brand" href={hrefOf('')}>
          <span class="mark" aria-hidden="true" />
          <span>
            <span class="long">Action Provider </span>Console
          </span>
        </Link>
        <div class="bar-end">
          <LiveButton />
          <Account />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <Banners />
        <Shown />
      </main>
      <Announcer />
    </>
  )
}

function Shown(): JSX.Element {
  const { view, query } = route.value
  if (view === '') return <ProvidersView />
  const given = query.get('provider')
  if (given === null || !['provider', 'run', 'actions', 'action'].includes(view)) return <Nowhere />
  try {
    const provider = fromQuery(given)
    if (view === 'provider') return <ProviderView key={provider} provider={provider} />
    if (view === 'run') return <RunView key={provider} provider={provider} />
    if (view === 'actions') return <ActionsView key={provider} provider={provider} />
    const id = query.get('id')
    return id ? <ActionView key={`${provider} ${id}`} provider={provider} id={id} /> : <Nowhere />
  } catch (error) {
    return <ProblemBox error={error} alone />
  }
}

function Nowhere(): JSX.Element {
  return (
    <div class="box empty">
      <h1>There is no such page</h1>
      <p>The address may be incomplete. Start from the list of providers.</p>
      <p>
        <Link href={hrefOf('')}>Show the providers</Link>
      </p>
    </div>
  )
}
