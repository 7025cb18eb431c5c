import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { LogLine } from '../../thread/calls.ts'
import { plain } from '../parts/plain.ts'
import { Time } from '../parts/time.tsx'
import { TreeView } from '../parts/tree-view.tsx'
import { ask } from '../state/thread.ts'

type LinePanelProps = { log: string; number: number; close(): void; link: JSX.Element }

/** A whole line of a log. */
export function LinePanel({ log, number, close, link }: LinePanelProps): JSX.Element | null {
  const tree = `${log} line`
  const [line, setLine] = useState<LogLine & { detailRows: number }>()
  useEffect(() => {
    void ask('openLine', { key: log, number, tree }).then(setLine)
    return () => void ask('forget', { key: tree })
  }, [log, number])
  // It opens below the log, which may fill the screen.
  const panel = useRef<HTMLElement>(null)
  useEffect(() => panel.current?.scrollIntoView({ block: 'nearest' }), [line])
  if (line === undefined || line.number !== number) return null
  return (
    <aside ref={panel} class="line-panel" aria-label={`Line ${number}`}>
      <h3>
        Line {number}: {plain(line.code)}
      </h3>
      <p class="hint">
        <Time at={line.time} />
      </p>
      <p class="words">{plain(line.description)}</p>
      {line.detailRows > 0 && (
        <TreeView tree={tree} rows={line.detailRows} version={number} label={`Details of line ${number}`} />
      )}
      <p class="buttons">
        {link}
        <button type="button" class="quiet small" onClick={close}>
          Close
        </button>
      </p>
    </aside>
  )
}
