import { signal } from '@preact/signals'
import type { JSX } from 'preact'

const said = signal('')

/** Announces a text to screen readers. */
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
