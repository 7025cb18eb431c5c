import { useRef, useState } from 'preact/hooks'
import type { Shown } from '../../thread/calls.ts'
import { signIns } from '../sign-in/session.ts'
import { useWhileLive } from '../state/live.ts'
import { ask } from '../state/thread.ts'

export type Watched = {
  action: Shown | undefined
  /** Changes with each new status. */
  version: number
  error: unknown
  again(): void
  /** Takes the answer to a change. */
  heard(action: Shown): void
}

/** An action, followed until it is complete while the page is live. */
export function useAction(provider: string, id: string): Watched {
  const [action, setAction] = useState<Shown>()
  const [error, setError] = useState<unknown>()
  const [times, setTimes] = useState(0)
  const version = useRef(0)
  const key = `details ${provider} ${id}`

  function heard(action: Shown): void {
    version.current++
    setAction(action)
    setError(undefined)
  }
  const isOver = action?.status === 'SUCCEEDED' || action?.status === 'FAILED'
  useWhileLive(
    (signal) => {
      if (isOver) return
      ask('watch', { provider, id, key }, { signal, onEvent: heard }).catch((error: unknown) => {
        if (!signal.aborted) setError(error)
      })
    },
    [provider, id, times, isOver, signIns.value],
  )
  return { action, version: version.current, error, again: () => setTimes((count) => count + 1), heard }
}
