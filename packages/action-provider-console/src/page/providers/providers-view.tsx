import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { ForeignLink, Link } from '../parts/link.tsx'
import { plain } from '../parts/plain.ts'
import { useTitle } from '../parts/use-title.ts'
import { user } from '../sign-in/session.ts'
import { base, configuration } from '../state/configuration.ts'
import {
  addedProviders,
  addProvider,
  allProviders,
  inQuery,
  isOwn,
  removeProvider,
  useDescription,
} from '../state/providers.ts'
import { go, hrefOf } from '../state/route.ts'

/** All providers of the console. */
export function ProvidersView(): JSX.Element {
  useTitle('Providers')
  const providers = allProviders()
  return (
    <>
      <h1>Providers</h1>
      {user.value === undefined && (
        <p class="lead">
          Sign in to run actions and to see yours. Anybody may read what a provider publishes.
        </p>
      )}
      <ul class="cards">
        {providers.map((provider) => (
          <li key={provider}>
            <Card provider={provider} />
          </li>
        ))}
      </ul>
      {configuration.elsewhere === 'any' && <AddProvider />}
    </>
  )
}

function Card({ provider }: { provider: string }): JSX.Element {
  const { description, problem, again } = useDescription(provider)
  const query = { provider: inQuery(provider) }
  const { host } = new URL(provider)
  return (
    <article class="card">
      <p class="where">{isOwn(provider) ? 'This application' : host}</p>
      <h2>
        <Link href={hrefOf('provider', query)}>
          {plain(description?.title ?? new URL(provider).pathname)}
        </Link>
      </h2>
      {description && (
        <>
          <p class="clamp">{plain(description.subtitle ?? description.description ?? '')}</p>
          <p class="tags">
            <span class="tag">{description.synchronous ? 'synchronous' : 'asynchronous'}</span>
            {description.log_supported && <span class="tag">log</span>}
          </p>
        </>
      )}
      {problem && (
        <p class="words" role="alert">
          {plain(problem.message)}{' '}
          <button type="button" class="small" onClick={again}>
            Try again
          </button>
        </p>
      )}
      {!description && !problem && <p class="waiting">Loading …</p>}
      <p class="buttons">
        <Link
          class="button main"
          href={hrefOf('run', query)}
          aria-label={`Run ${plain(description?.title ?? provider)}`}
        >
          Run
        </Link>
        <Link
          class="button"
          href={hrefOf('actions', query)}
          aria-label={`Actions of ${plain(description?.title ?? provider)}`}
        >
          Actions
        </Link>
        {addedProviders.value.includes(provider) && (
          <button
            type="button"
            class="quiet"
            aria-label={`Remove ${provider}`}
            onClick={() => removeProvider(provider)}
          >
            Remove
          </button>
        )}
      </p>
    </article>
  )
}

function AddProvider(): JSX.Element {
  const [text, setText] = useState('')
  const [wrong, setWrong] = useState('')
  function add(event: Event): void {
    event.preventDefault()
    try {
      go(hrefOf('provider', { provider: inQuery(addProvider(text)) }))
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error))
    }
  }
  return (
    <form class="box add" onSubmit={add} noValidate>
      <h2>Add a provider</h2>
      <label for="add">URL of an action provider, here or elsewhere</label>
      <div class="joined">
        <input
          id="add"
          type="url"
          inputMode="url"
          autoComplete="off"
          placeholder="https://example.org/provider"
          value={text}
          aria-invalid={wrong !== ''}
          aria-describedby="add-help"
          onInput={({ currentTarget }) => {
            setText(currentTarget.value)
            setWrong('')
          }}
        />
        <button type="submit">Add</button>
      </div>
      <p id="add-help" class={wrong ? 'wrong' : 'hint'}>
        {wrong ||
          `The console reads its description without a token. ${base.host} passes your requests on to it.`}
      </p>
      <p class="hint">
        Providers of Globus:{' '}
        <ForeignLink href="https://docs.globus.org/api/flows/hosted-action-providers/">
          hosted action providers
        </ForeignLink>
      </p>
    </form>
  )
}
