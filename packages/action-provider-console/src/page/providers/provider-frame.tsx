import type { ComponentChildren, JSX } from 'preact'
import { ProblemError } from '../../thread/problem.ts'
import { Link } from '../parts/link.tsx'
import { plain } from '../parts/plain.ts'
import { ProblemBox } from '../parts/problem.tsx'
import { signIn, user } from '../sign-in/session.ts'
import { type Description, inQuery, isOwn, useDescription } from '../state/providers.ts'
import { hrefOf, type View } from '../state/route.ts'

type FrameProps = {
  provider: string
  view: View
  children(description: Description): ComponentChildren
}

/** The head of all views of a provider. It loads the description first. */
export function ProviderFrame({ provider, view, children }: FrameProps): JSX.Element {
  const { description, problem, again } = useDescription(provider)
  const query = { provider: inQuery(provider) }
  // An action belongs to the tab of all actions, which links to another page.
  const current = (to: View): 'page' | 'true' | undefined =>
    to === view ? 'page' : to === 'actions' && view === 'action' ? 'true' : undefined
  const tab = (to: View, name: string): JSX.Element => (
    <Link href={hrefOf(to, query)} aria-current={current(to)}>
      {name}
    </Link>
  )
  return (
    <>
      <nav class="crumbs" aria-label="Where you are">
        <Link href={hrefOf('')}>Providers</Link> <span aria-hidden="true">/</span>{' '}
        <Link href={hrefOf('provider', query)}>
          {plain(description?.title ?? new URL(provider).pathname)}
        </Link>
        {!isOwn(provider) && <span class="tag">{new URL(provider).host}</span>}
      </nav>
      <nav class="tabs" aria-label="Provider">
        {tab('provider', 'About')}
        {tab('run', 'Run')}
        {tab('actions', 'Actions')}
      </nav>
      {description && children(description)}
      {problem && (
        <ProblemBox error={new ProblemError(problem)} again={again} alone={!description}>
          {user.value === undefined && [401, 403].includes(problem.status ?? 0) && (
            <button type="button" class="main" onClick={() => void signIn()}>
              Sign in
            </button>
          )}
        </ProblemBox>
      )}
      {!description && !problem && <p class="waiting">Loading from {new URL(provider).host} …</p>}
    </>
  )
}
