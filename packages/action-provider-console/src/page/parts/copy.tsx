import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { announce } from './announce.tsx'

/** A button that copies a text. Screen readers say `what` it copies. */
export function Copy({ text, what }: { text: string | (() => Promise<string>); what: string }): JSX.Element {
  const [done, setDone] = useState<'' | 'Copied' | 'Not copied'>('')
  async function copy(): Promise<void> {
    const outcome = await (async () =>
      navigator.clipboard.writeText(typeof text === 'string' ? text : await text()))().then(
      () => 'Copied' as const,
      () => 'Not copied' as const,
    )
    setDone(outcome)
    announce(`${outcome}: ${what}`)
    setTimeout(() => setDone(''), 2_000)
  }
  return (
    <button type="button" class="quiet small" aria-label={`Copy ${what}`} onClick={() => void copy()}>
      {done || 'Copy'}
    </button>
  )
}
