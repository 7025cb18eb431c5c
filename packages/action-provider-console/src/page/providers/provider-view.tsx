import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ForeignLink } from '../parts/link.tsx'
import { plain } from '../parts/plain.ts'
import { principalText } from '../parts/principal.ts'
import { durationOf, durationText } from '../parts/time.tsx'
import { TreeView } from '../parts/tree-view.tsx'
import { useTitle } from '../parts/use-title.ts'
import type { Description } from '../state/providers.ts'
import { ask } from '../state/thread.ts'
import { CodeLines } from './code-lines.tsx'
import { ProviderFrame } from './provider-frame.tsx'

/** The description of a provider. */
export function ProviderView({ provider }: { provider: string }): JSX.Element {
  return (
    <ProviderFrame provider={provider} view="provider">
      {(description) => <About provider={provider} description={description} />}
    </ProviderFrame>
  )
}

function About({ provider, description }: { provider: string; description: Description }): JSX.Element {
  const { title, subtitle, description: text, admin_contact, keywords = [] } = description
  useTitle(plain(title))
  const contact = /^[^\s@]+@[^\s@]+$/.test(admin_contact) ? `mailto:${admin_contact}` : admin_contact
  const most = durationOf(description.maximum_deadline)
  return (
    <>
      <h1>{plain(title)}</h1>
      {subtitle && <p class="lead">{plain(subtitle)}</p>}
      {text && <p class="words">{plain(text)}</p>}
      <div class="columns">
        <section class="box">
          <h2>Facts</h2>
          <dl class="facts">
            <dt>Address</dt>
            <dd class="code">{provider}</dd>
            <dt>Kind</dt>
            <dd>
              {description.synchronous
                ? 'Synchronous: run answers with the result'
                : 'Asynchronous: the action continues after run has answered'}
            </dd>
            <dt>Who may see it</dt>
            <dd>{description.visible_to.map(principalText).join(', ')}</dd>
            <dt>Who may run it</dt>
            <dd>{description.runnable_by.map(principalText).join(', ')}</dd>
            {description.administered_by && (
              <>
                <dt>Administered by</dt>
                <dd>{description.administered_by.map(principalText).join(', ')}</dd>
              </>
            )}
            <dt>Contact</dt>
            <dd>
              <ForeignLink href={contact}>{plain(admin_contact)}</ForeignLink>
            </dd>
            <dt>Scope</dt>
            <dd class="code">{plain(description.globus_auth_scope)}</dd>
            <dt>Log</dt>
            <dd>{description.log_supported ? 'Kept for each action' : 'None'}</dd>
            <dt>Longest deadline</dt>
            <dd>{most === undefined ? plain(description.maximum_deadline) : durationText(most)}</dd>
            {keywords.length > 0 && (
              <>
                <dt>Keywords</dt>
                <dd>{keywords.map(plain).join(', ')}</dd>
              </>
            )}
          </dl>
        </section>
        <Schema provider={provider} text={description.schemaText} />
      </div>
      <CodeLines provider={provider} description={description} />
    </>
  )
}

function Schema({ provider, text }: { provider: string; text: string }): JSX.Element {
  const key = `schema ${provider}`
  const [rows, setRows] = useState<number>()
  useEffect(() => {
    void ask('openTree', { key, text }).then(setRows)
  }, [text])
  return (
    <section class="box">
      <h2>Input</h2>
      {rows !== undefined && <TreeView tree={key} rows={rows} version={text} label="Input schema" />}
    </section>
  )
}
