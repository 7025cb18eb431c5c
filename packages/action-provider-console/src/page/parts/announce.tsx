import { signal } from '@preact/signals'
import type { JSX } from 'preact'

const said = signal('')

/** Tells what happened to those who do not see it. */
export function announce(text: string): void {
  said.value = text
}

export function Announcer(): JSX.Element {
  return (
    <p class="unseen" role="status">
      {said}
    </p>
  )
}
