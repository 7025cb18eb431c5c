import { topScopes } from 'action-provider-tools/client'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Shown } from '../../thread/calls.ts'
import { announce } from '../parts/announce.tsx'
import { Confirm } from '../parts/dialog.tsx'
import { ForeignLink, Link } from '../parts/link.tsx'
import { plain } from '../parts/plain.ts'
import { mayBeAmong } from '../parts/principal.ts'
import { ProblemBox } from '../parts/problem.tsx'
import { requestOf } from '../run/remembered.ts'
import { principals, scopeOf, signIn } from '../sign-in/session.ts'
import { type Description, inQuery } from '../state/providers.ts'
import { hrefOf } from '../state/route.ts'
import { ask } from '../state/thread.ts'

type Change = 'cancel' | 'resume' | 'release'
type ChangesProps = {
  provider: string
  description: Description
  action: Shown
  changed(action: Shown, change: Change): void
}

const QUESTIONS = {
  cancel: {
    title: 'Cancel the action?',
    text: 'It ends as FAILED. What it has already done is not undone.',
    verb: 'Cancel it',
  },
  resume: {
    title: 'Resume the action?',
    text: 'It continues where it stopped.',
    verb: 'Resume it',
  },
  release: {
    title: 'Release the action?',
    text: 'The provider deletes it, with its details and its log. This cannot be undone.',
    verb: 'Release it',
  },
} as const

/** Whether the user may change an action, as far as the page knows it. */
export function mayChange({ creator_id, manage_by }: Shown): boolean {
  return principals.value.has(creator_id) || mayBeAmong(manage_by)
}

/** The operations on an action. Only those that would work are shown. */
export function Changes({ provider, action, changed }: ChangesProps): JSX.Element {
  const [asked, setAsked] = useState<Change>()
  const [error, setError] = useState<unknown>()
  const { id, status, said, creator_id } = action
  const mayManage = mayChange(action)
  const unfinished = status === 'ACTIVE' || status === 'INACTIVE'
  const isMine = principals.value.has(creator_id)
  const missing = isMine ? said.consent : undefined
  // A consent to another scope would give a token of another service, in a sign-in that looks like this
  // provider's.
  const isOwnScope = topScopes(missing ?? '').every((scope) => scope === scopeOf(provider))

  async function change(what: Change): Promise<void> {
    setError(undefined)
    try {
      changed(await ask('change', { provider, id, key: `details ${provider} ${id}`, change: what }), what)
      announce({ cancel: 'Canceled', resume: 'Resumed', release: 'Released' }[what])
    } catch (error) {
      setError(error)
    }
  }
  return (
    <section class="changes" aria-label="Operations">
      {error !== undefined && <ProblemBox error={error} />}
      <p class="buttons">
        {missing !== undefined && isOwnScope && (
          <button
            type="button"
            class="main"
            onClick={() => void signIn({ scopes: [missing], errand: { resume: { provider, id } } })}
          >
            Consent and resume
          </button>
        )}
        {mayManage && status === 'INACTIVE' && (missing === undefined || !isOwnScope) && (
          <button type="button" onClick={() => setAsked('resume')}>
            Resume
          </button>
        )}
        {said.resolution_url && unfinished && (
          <ForeignLink href={said.resolution_url}>Resolve it on another page</ForeignLink>
        )}
        {mayManage && unfinished && (
          <button type="button" class="danger" onClick={() => setAsked('cancel')}>
            Cancel
          </button>
        )}
        {requestOf(provider, id) !== undefined && (
          <Link class="button" href={hrefOf('run', { provider: inQuery(provider), again: id })}>
            Run again
          </Link>
        )}
        {mayManage && !unfinished && (
          <button type="button" onClick={() => setAsked('release')}>
            Release
          </button>
        )}
      </p>
      {missing !== undefined && (
        <p class={isOwnScope ? 'hint words' : 'wrong words'}>
          {isOwnScope ? 'It needs your consent to ' : 'It asks for your consent to '}
          <code>{plain(missing)}</code>
          {isOwnScope
            ? '. Globus asks you for it, then the action resumes.'
            : ', which is not the scope of this provider. The console does not ask for it.'}
        </p>
      )}
      {asked !== undefined && (
        <Confirm
          title={QUESTIONS[asked].title}
          verb={QUESTIONS[asked].verb}
          danger={asked !== 'resume'}
          act={() => change(asked)}
          close={() => setAsked(undefined)}
        >
          <p>{QUESTIONS[asked].text}</p>
        </Confirm>
      )}
    </section>
  )
}
