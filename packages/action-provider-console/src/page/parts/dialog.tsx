import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

type ConfirmProps = {
  title: string
  children: ComponentChildren
  /** The text of the button that confirms. */
  verb: string
  danger?: boolean
  act(): Promise<void> | void
  close(): void
}

/** Asks for confirmation. Escape and the other button cancel. */
export function Confirm({ title, children, verb, danger = false, act, close }: ConfirmProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const [busy, setBusy] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])
  async function confirmed(): Promise<void> {
    setBusy(true)
    try {
      await act()
    } finally {
      close()
    }
  }
  return (
    <dialog ref={dialog} aria-labelledby="question" onClose={close}>
      <h2 id="question">{title}</h2>
      {children}
      <p class="buttons">
        <button
          type="button"
          class={danger ? 'danger' : 'main'}
          disabled={busy}
          onClick={() => void confirmed()}
        >
          {verb}
        </button>
        <button type="button" onClick={() => dialog.current?.close()}>
          Do nothing
        </button>
      </p>
    </dialog>
  )
}
