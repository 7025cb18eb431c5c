import type { JSX } from 'preact'
import { announce } from '../parts/announce.tsx'
import { paused } from '../state/live.ts'

/** Switches live updates on and off. */
export function LiveButton(): JSX.Element {
  const isPaused = paused.value
  function toggle(): void {
    paused.value = !isPaused
    announce(isPaused ? 'Live' : 'Paused')
  }
  return (
    <button
      type="button"
      class={`live ${isPaused ? 'paused' : ''}`}
      aria-pressed={isPaused}
      title={
        isPaused ? 'The page sends no requests. Press to continue' : 'The page updates itself. Press to pause'
      }
      onClick={toggle}
    >
      <span class="dot" aria-hidden="true" /> <span>{isPaused ? 'Paused' : 'Live'}</span>
      <span class="unseen">: pause updates</span>
    </button>
  )
}
