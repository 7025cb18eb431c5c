import { computed, signal, useComputed } from '@preact/signals'
import { useEffect } from 'preact/hooks'

/** Whether the user has paused updates. */
export const paused = signal(false)
const hidden = signal(document.hidden)
document.addEventListener('visibilitychange', () => {
  hidden.value = document.hidden
})

/** Whether the page may send requests by itself. */
export const live = computed(() => !paused.value && !hidden.value)

/** The time, to the second, while the page is visible. */
export const now = signal(Date.now())
setInterval(() => {
  if (!hidden.value) now.value = Date.now()
}, 1_000)

/** Runs `act` while the page is live, and aborts its signal otherwise. Runs it again when `inputs` change. */
export function useWhileLive(act: (signal: AbortSignal) => void, inputs: readonly unknown[]): void {
  const isLive = useComputed(() => live.value).value
  useEffect(() => {
    if (!isLive) return
    const stop = new AbortController()
    act(stop.signal)
    return () => stop.abort(new DOMException('No longer wanted', 'AbortError'))
  }, [isLive, ...inputs])
}
