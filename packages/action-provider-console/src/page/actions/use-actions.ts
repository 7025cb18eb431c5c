import { useEffect, useRef, useState } from 'preact/hooks'
import type { Filter, Summary } from '../../thread/calls.ts'
import { signIns } from '../sign-in/session.ts'
import { useWhileLive } from '../state/live.ts'
import { ask } from '../state/thread.ts'

export type Listed = {
  /** Newest first. */
  actions: Summary[]
  /** Whether the last page is loaded. */
  end: boolean
  busy: boolean
  error: unknown
  more(): void
  again(): void
}

/** How often a list checks for changes, in milliseconds. */
const PACE = 2_000

/** The actions of a provider: page by page, and kept up to date while the page is live. */
export function useActions(provider: string, filter: Filter): Listed {
  const [known, setKnown] = useState<ReadonlyMap<string, Summary>>(new Map())
  const [end, setEnd] = useState(false)
  const [busy, setBusy] = useState(true)
  const [error, setError] = useState<unknown>()
  const [times, setTimes] = useState(0)
  const key = useRef('')
  const wanted = JSON.stringify([provider, filter.status, filter.role, times, signIns.value])

  const put = (items: readonly Summary[], gone: readonly string[] = []): void =>
    setKnown((before) => {
      const after = new Map(before)
      for (const item of items) after.set(item.id, item)
      for (const id of gone) after.delete(id)
      return after
    })

  async function read(call: 'openList' | 'moreOfList', signal?: AbortSignal): Promise<void> {
    const { current } = key
    setBusy(true)
    setError(undefined)
    try {
      const { items, end } =
        call === 'openList'
          ? await ask(call, { provider, key: current, filter }, { signal })
          : await ask(call, { key: current }, { signal })
      if (key.current !== current) return
      put(items)
      setEnd(end)
    } catch (error) {
      if (key.current === current && !signal?.aborted) setError(error)
    } finally {
      if (key.current === current) setBusy(false)
    }
  }

  useEffect(() => {
    const stop = new AbortController()
    key.current = `list ${crypto.randomUUID()}`
    setKnown(new Map())
    setEnd(false)
    void read('openList', stop.signal)
    const opened = key.current
    return () => {
      stop.abort()
      void ask('forget', { key: opened })
    }
  }, [wanted])

  useWhileLive(
    (signal) => {
      const refresh = async (): Promise<void> => {
        const { current } = key
        try {
          const { items, gone } = await ask('refreshList', { key: current }, { signal })
          if (key.current === current && (items.length > 0 || gone.length > 0)) put(items, gone)
        } catch (error) {
          if (!signal.aborted && key.current === current) setError(error)
          return
        }
        if (!signal.aborted) timer = setTimeout(refresh, PACE)
      }
      let timer = setTimeout(refresh, busy ? PACE : 0)
      signal.addEventListener('abort', () => clearTimeout(timer))
    },
    [wanted, error === undefined],
  )

  const actions = [...known.values()].sort(
    (one, other) =>
      (other.start_time ?? '').localeCompare(one.start_time ?? '') || other.id.localeCompare(one.id),
  )
  return {
    actions,
    end,
    busy,
    error,
    more: () => void read('moreOfList'),
    again: () => setTimes((count) => count + 1),
  }
}
