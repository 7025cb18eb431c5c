import { isRegisteredScope } from 'action-provider-tools/client'
import type { ComponentChildren, JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { plain } from '../parts/plain.ts'
import { configuration } from '../state/configuration.ts'
import { type Description, isOwn } from '../state/providers.ts'
import { hasToken, signIn, signIns } from './session.ts'
import { trust, trusted } from './trust.ts'

type GateProps = { provider: string; description: Description; what: string; children: ComponentChildren }

/** Shows its content to users with a token for the provider, and tells others how to get one. */
export function Gate({ provider, description, what, children }: GateProps): JSX.Element {
  // Subscribes to sign-ins. An open gate stays open when the sign-in expires.
  void signIns.value
  const open = useRef(false)
  open.current ||= hasToken(provider)
  if (open.current) return <>{children}</>
  if (isOwn(provider)) {
    return (
      <div class="box empty">
        <h1>Sign in to {what}</h1>
        <p>Globus asks who you are, and whether the console may act for you at this provider.</p>
        <p>
          <button type="button" class="main" onClick={() => void signIn()}>
            Sign in
          </button>
        </p>
      </div>
    )
  }
  return <Warning provider={provider} scope={description.globus_auth_scope} what={what} />
}

/**
 * Names the host before a token goes to it: the host can then act as the user wherever the scope is accepted.
 */
function Warning({ provider, scope, what }: { provider: string; scope: string; what: string }): JSX.Element {
  const { host } = new URL(provider)
  const others = [
    ...configuration.providers.map(({ url, scope }) => ({ provider: url, scope })),
    ...trusted.value,
  ]
  const owner = others.find((each) => each.scope === scope && each.provider !== provider)
  if (!isRegisteredScope(scope)) {
    return (
      <div class="box problem" role="alert">
        <h1>{host} asks for a token of another service</h1>
        <p class="words">
          Its scope <code>{plain(scope)}</code> is not the scope of an action provider. The console sends it
          no token.
        </p>
      </div>
    )
  }
  return (
    <div class="box caution">
      <h1>
        Send a token to <span class="host">{host}</span>?
      </h1>
      <p>
        To {what}, {host} needs a token of yours. With it, {host} can act as you wherever this scope is
        accepted. Go on only if you know who runs {host}.
      </p>
      <dl class="facts">
        <dt>Host</dt>
        <dd>{host}</dd>
        <dt>Address</dt>
        <dd class="code">{plain(provider)}</dd>
        <dt>Scope</dt>
        <dd class="code">{plain(scope)}</dd>
      </dl>
      {owner && (
        <p class="wrong">
          This is the scope of {plain(owner.provider)}: {host} could do there what you can.
        </p>
      )}
      <p class="buttons">
        <button
          type="button"
          class={owner ? 'danger' : 'main'}
          onClick={() => {
            trust(provider, scope)
            if (!hasToken(provider)) void signIn()
            else signIns.value++
          }}
        >
          Send a token to {host}
        </button>
      </p>
    </div>
  )
}
