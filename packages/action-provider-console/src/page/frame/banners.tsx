import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { plain } from '../parts/plain.ts'
import { ProblemBox } from '../parts/problem.tsx'
import { errandProblem } from '../sign-in/errand.ts'
import { refusing, signIn, signInProblem } from '../sign-in/session.ts'
import { now, paused } from '../state/live.ts'
import { troubles } from '../state/thread.ts'

/** Messages for the whole view: no network, an expired sign-in, paused updates. */
export function Banners(): JSX.Element {
  const online = useOnline()
  const trouble = Object.entries(troubles.value)[0]
  return (
    <div aria-live="polite">
      {!online && <p class="banner warning">There is no network. The page continues when it is back.</p>}
      {online && trouble && (
        <p class="banner warning">
          {new URL(trouble[0]).host}: {plain(trouble[1].reason)}. Next attempt in{' '}
          {Math.max(0, Math.ceil((trouble[1].until - now.value) / 1_000))} s.
        </p>
      )}
      {refusing.value.size > 0 && (
        <p class="banner warning">
          Your sign-in has expired. What you typed is kept.{' '}
          <button type="button" class="main small" onClick={() => void signIn()}>
            Sign in again
          </button>
        </p>
      )}
      {signInProblem.value !== undefined && (
        <p class="banner warning">
          You were not signed in: {plain(signInProblem.value)}.{' '}
          <button type="button" class="small" onClick={() => void signIn()}>
            Try again
          </button>
        </p>
      )}
      {errandProblem.value !== undefined && <ProblemBox error={errandProblem.value} />}
      {paused.value && <p class="banner">Paused: this page may be out of date. Press Paused to continue.</p>}
    </div>
  )
}

function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine)
  useEffect(() => {
    const look = (): void => setOnline(navigator.onLine)
    addEventListener('online', look)
    addEventListener('offline', look)
    return () => {
      removeEventListener('online', look)
      removeEventListener('offline', look)
    }
  }, [])
  return online
}
