import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { plain } from '../parts/plain.ts'
import { signIn, signOut, user } from '../sign-in/session.ts'

/** The user who is signed in, with their linked identities. */
export function Account(): JSX.Element {
  const menu = useRef<HTMLDetailsElement>(null)
  useEffect(() => {
    const close = (event: Event): void => {
      const { current } = menu
      const escaped = event instanceof KeyboardEvent && event.key === 'Escape'
      if (current?.open && (escaped || !current.contains(event.target as Node))) {
        current.open = false
        if (escaped) current.querySelector('summary')?.focus()
      }
    }
    document.addEventListener('click', close)
    document.addEventListener('keydown', close)
    return () => {
      document.removeEventListener('click', close)
      document.removeEventListener('keydown', close)
    }
  }, [])
  const somebody = user.value
  if (somebody === undefined) {
    return (
      <button type="button" class="main" onClick={() => void signIn()}>
        Sign in
      </button>
    )
  }
  return (
    <details class="menu" ref={menu}>
      <summary>
        <span class="unseen">Signed in as </span>
        {plain(somebody.username)}
      </summary>
      <div class="menu-box">
        <p class="strong">{plain(somebody.name)}</p>
        <h2>Linked identities</h2>
        <ul>
          {somebody.identities.map(({ id, username, organization }) => (
            <li key={id}>
              {plain(username)}
              {organization && <small>{plain(organization)}</small>}
              <small class="code">{id}</small>
            </li>
          ))}
        </ul>
        <button type="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </details>
  )
}
