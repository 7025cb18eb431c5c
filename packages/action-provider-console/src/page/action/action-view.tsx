import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Shown, Wait } from '../../thread/calls.ts'
import { toProblem } from '../../thread/problem.ts'
import { Copy } from '../parts/copy.tsx'
import { plain } from '../parts/plain.ts'
import { ProblemBox } from '../parts/problem.tsx'
import { StateBadge } from '../parts/state-badge.tsx'
import { TreeView } from '../parts/tree-view.tsx'
import { useTitle } from '../parts/use-title.ts'
import { ProviderFrame } from '../providers/provider-frame.tsx'
import { Gate } from '../sign-in/gate.tsx'
import { signIn } from '../sign-in/session.ts'
import type { Description } from '../state/providers.ts'
import { route } from '../state/route.ts'
import { ask } from '../state/thread.ts'
import { Changes, mayChange } from './changes.tsx'
import { EventForm } from './event-form.tsx'
import { Facts } from './facts.tsx'
import { LogSection } from './log-section.tsx'
import { useAction } from './use-action.ts'

/** One action: its status, details and log, and the operations on it. */
export function ActionView({ provider, id }: { provider: string; id: string }): JSX.Element {
  return (
    <ProviderFrame provider={provider} view="action">
      {(description) => (
        <Gate provider={provider} description={description} what="see the action">
          <Action provider={provider} id={id} description={description} />
        </Gate>
      )}
    </ProviderFrame>
  )
}

type ActionProps = { provider: string; id: string; description: Description }

function Action({ provider, id, description }: ActionProps): JSX.Element {
  const { action, version, error, again, heard } = useAction(provider, id)
  const [released, setReleased] = useState(false)
  const [logged, setWait] = useState<Wait>()
  useTitle(action === undefined ? id : `${action.status} ${plain(action.label ?? id)}`)
  const key = `details ${provider} ${id}`
  useEffect(() => () => void ask('forget', { key }), [key])

  if (action === undefined) {
    if (error === undefined) return <p class="waiting">Loading …</p>
    const isUnauthorized = toProblem(error).code === 'UnauthorizedRequest'
    return (
      <ProblemBox error={error} again={again} alone>
        {isUnauthorized && (
          <button type="button" class="main" onClick={() => void signIn()}>
            Sign in again
          </button>
        )}
      </ProblemBox>
    )
  }
  const { status, label, display_status, said } = action
  const wait = waitOf(action, description, logged)
  return (
    <>
      {route.value.query.get('repeated') !== null && (
        <p class="banner">
          This action was started before: the request id repeats an earlier request, so no new action was
          started.
        </p>
      )}
      <header class="action-head">
        <h1>{plain(label ?? 'Action')}</h1>
        <p class="action-state" aria-live="polite">
          <StateBadge status={status} />
          {display_status && display_status !== status && <span class="says">{plain(display_status)}</span>}
        </p>
        <p class="code id">
          {plain(id)} <Copy text={id} what="the id" />
        </p>
      </header>
      {status === 'ACTIVE' && <div class="progress" role="presentation" />}
      {released && (
        <p class="banner">
          Released: the provider has deleted this action. This is the last state that the page knows.
        </p>
      )}
      {error !== undefined && !released && <ProblemBox error={error} again={again} />}
      {said.description && status !== 'SUCCEEDED' && status !== 'ACTIVE' && (
        <div class={`box ${status === 'FAILED' ? 'problem' : 'caution'}`}>
          <h2>{said.code === 'ConsentRequired' ? 'Your consent is needed' : plain(said.code ?? status)}</h2>
          <p class="words">{plain(said.description)}</p>
        </div>
      )}
      {!released && (
        <Changes
          provider={provider}
          description={description}
          action={action}
          changed={(action, change) => {
            heard(action)
            if (change === 'release') setReleased(true)
          }}
        />
      )}
      {wait !== undefined && mayChange(action) && (
        <EventForm
          key={`${wait.event} ${wait.schema}`}
          provider={provider}
          id={id}
          wait={wait}
          sent={heard}
        />
      )}
      <div class="columns">
        <Facts provider={provider} action={action} />
        <section class="box">
          <h2>Details</h2>
          {action.detailRows === 0 ? (
            <p class="hint">None.</p>
          ) : (
            <TreeView tree={key} rows={action.detailRows} version={version} label="Details" />
          )}
        </section>
      </div>
      {description.log_supported && (
        <LogSection provider={provider} action={action} released={released} tellWait={setWait} />
      )}
    </>
  )
}

/** The event that an action waits for. The log has its schema; the status has only its name. */
function waitOf(
  { status, display_status = '' }: Shown,
  { log_supported }: Description,
  logged: Wait | undefined,
): Wait | undefined {
  if (status === 'INACTIVE') return logged
  const [, event] = /^Waiting for (.+)$/s.exec(display_status) ?? []
  if (status !== 'ACTIVE' || event === undefined) return undefined
  // A form without the schema would be replaced, with what was typed, once the log is read.
  if (log_supported) return event === logged?.event ? logged : undefined
  return { event, schema: '{}' }
}
