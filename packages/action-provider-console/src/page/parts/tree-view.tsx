import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { TreeRow } from '../../thread/tree.ts'
import { ask } from '../state/thread.ts'
import { Copy } from './copy.tsx'
import { plain } from './plain.ts'
import { Rows } from './rows.tsx'

const HEIGHT = 24
const count = new Intl.NumberFormat()

/**
 * A value as a tree. The thread has all of it, the page only the visible rows. `version` changes with the
 * value.
 */
export function TreeView(props: {
  tree: string
  rows: number
  version: unknown
  label: string
}): JSX.Element {
  const { tree, version, label } = props
  const [rows, setRows] = useState(props.rows)
  const [chosen, setChosen] = useState(0)
  const [toggles, setToggles] = useState(0)
  const [target, setTarget] = useState<{ row: number }>()
  const loaded = useRef(new Map<number, TreeRow>())
  useEffect(() => setRows(props.rows), [props.rows, version])

  async function toggle(row: number): Promise<void> {
    setRows(await ask('toggleRow', { key: tree, row }))
    setToggles((times) => times + 1)
  }
  function choose(row: number): void {
    const chosen = Math.max(0, Math.min(rows - 1, row))
    setChosen(chosen)
    if (!document.getElementById(`${tree}:${chosen}`)) setTarget({ row: chosen })
  }
  async function press(event: KeyboardEvent): Promise<void> {
    const { open } = loaded.current.get(chosen) ?? {}
    const steps: Record<string, () => unknown> = {
      ArrowDown: () => choose(chosen + 1),
      ArrowUp: () => choose(chosen - 1),
      PageDown: () => choose(chosen + 15),
      PageUp: () => choose(chosen - 15),
      Home: () => choose(0),
      End: () => choose(rows - 1),
      Enter: () => open !== undefined && toggle(chosen),
      ' ': () => open !== undefined && toggle(chosen),
      ArrowRight: () => (open === false ? toggle(chosen) : open && choose(chosen + 1)),
      ArrowLeft: async () =>
        open ? toggle(chosen) : choose(await ask('parentRow', { key: tree, row: chosen })),
    }
    const step = steps[event.key]
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    await step()
  }
  useEffect(() => {
    document.getElementById(`${tree}:${chosen}`)?.scrollIntoView({ block: 'nearest' })
  }, [chosen])

  return (
    <div class="tree">
      <p class="tools">
        <Copy what={`${label}, the chosen value`} text={() => ask('rowText', { key: tree, row: chosen })} />
      </p>
      <Rows<TreeRow>
        count={rows}
        height={HEIGHT}
        version={`${version} ${toggles}`}
        target={target}
        read={async (from, to) => {
          const read = await ask('treeRows', { key: tree, from, to })
          loaded.current = new Map(read.map((row, index) => [from + index, row]))
          return read
        }}
        draw={(row, index) => (
          <Row
            key={index}
            row={row}
            id={`${tree}:${index}`}
            chosen={index === chosen}
            choose={() => setChosen(index)}
            toggle={() => void toggle(index)}
          />
        )}
        box={{
          role: 'tree',
          'aria-label': label,
          'aria-activedescendant': `${tree}:${chosen}`,
          onKeyDown: (event) => void press(event),
          style: { height: `${Math.min(rows, 20) * HEIGHT + 10}px` },
        }}
      />
    </div>
  )
}

type RowProps = { row: TreeRow; id: string; chosen: boolean; choose(): void; toggle(): void }

function Row({ row, id, chosen, choose, toggle }: RowProps): JSX.Element {
  const { depth, name, kind, text, size, open, position, siblings } = row
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus, and names its active row
    <div
      id={id}
      class="tree-row"
      role="treeitem"
      aria-level={depth + 1}
      aria-setsize={siblings}
      aria-posinset={position}
      aria-selected={chosen}
      {...(open !== undefined && { 'aria-expanded': open })}
      onClick={() => {
        choose()
        if (open !== undefined) toggle()
      }}
      style={{ paddingInlineStart: `${Math.min(depth, 30) * 16 + 6}px` }}
    >
      <span class="twist" aria-hidden="true">
        {open === undefined ? '' : open ? '▾' : '▸'}
      </span>
      {name !== undefined && <span class="name">{plain(name)}: </span>}
      <span class={`value ${kind}`}>{valueText(kind, text, size)}</span>
    </div>
  )
}

function valueText(kind: TreeRow['kind'], text: string, size: number): string {
  if (kind === 'object')
    return size === 0 ? '{}' : `{ ${count.format(size)} ${size === 1 ? 'field' : 'fields'} }`
  if (kind === 'list') return size === 0 ? '[]' : `[ ${count.format(size)} ${size === 1 ? 'item' : 'items'} ]`
  if (kind !== 'text') return text
  return plain(text.replaceAll('\n', '⏎')) + (size > 200 ? ` (${count.format(size)} characters)` : '')
}
