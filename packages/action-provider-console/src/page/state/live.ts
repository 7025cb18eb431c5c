import { computed, signal, useComputed } from '@preact/signals'
import { useEffect } from 'preact/hooks'

/** Whether the user wants no news. */
export const paused = signal(false)
const hidden = signal(document.hidden)
document.addEventListener('visibilitychange', () => {
  hidden.value = document.hidden
})

/** Whether anything may be asked for that the user did not ask for. */
export const live = computed(() => !paused.value && !hidden.value)

/** The time, to the second, while the page is seen. */
export const now = signal(Date.now())
setInterval(() => {
  if (!hidden.value) now.value = Date.now()
}, 1_000)

/** Does something while the page is live, and stops it otherwise. `inputs` is what it depends on. */
export function useWhileLive(act: (signal: AbortSignal) => void, inputs: readonly unknown[]): void {
  const isLive = useComputed(() => live.value).value
  useEffect(() => {
    if (!isLive) return
    const stop = new AbortController()
    act(stop.signal)
    return () => stop.abort(new DOMException('No longer wanted', 'AbortError'))
  }, [isLive, ...inputs])
}
