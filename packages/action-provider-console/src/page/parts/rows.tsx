import type { ComponentChildren, HTMLAttributes, JSX, RefObject, TargetedEvent } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

/** A height in pixels that every browser can scroll. */
const TALLEST = 8_000_000
/** Rows that are drawn above and below the visible ones. */
const SPARE = 12

type RowsProps<Row> = {
  /** Whether the rows are items of a list. */
  list?: boolean
  count: number
  /** The height of each row, in pixels. */
  height: number
  /** Reads rows that are about to be visible. Called again when `version` changes. */
  read(from: number, to: number): Promise<Row[]>
  version: unknown
  draw(row: Row, index: number): ComponentChildren
  /** The row to scroll to, once per object. */
  target?: { row: number } | undefined
  /** Stays at the end while rows are added. */
  follow?: boolean
  onScrolledByUser?: (atEnd: boolean) => void
  box: HTMLAttributes<HTMLDivElement> & { boxRef?: RefObject<HTMLDivElement> }
}

/** Many rows, of which only the visible ones are in the page. */
export function Rows<Row>(props: RowsProps<Row>): JSX.Element {
  const { list = false, count, height, read, version, draw, target, follow = false, onScrolledByUser } = props
  const Seen = list ? 'ol' : 'div'
  const { boxRef, ...box } = props.box
  const own = useRef<HTMLDivElement>(null)
  const outer = boxRef ?? own
  const [seen, setSeen] = useState({ first: 0, rows: 40 })
  const [got, setGot] = useState<{ from: number; rows: Row[] }>({ from: 0, rows: [] })
  const tall = Math.min(TALLEST, count * height)
  const most = Math.max(0, count - seen.rows)

  const from = Math.max(0, seen.first - SPARE)
  const to = Math.min(count, seen.first + seen.rows + SPARE)
  useEffect(() => {
    let wanted = true
    void read(from, to).then((rows) => wanted && setGot({ from, rows }))
    return () => {
      wanted = false
    }
  }, [from, to, version])

  function look(): void {
    const element = outer.current
    if (element === null) return
    const rows = Math.ceil(element.clientHeight / height)
    const way = element.scrollHeight - element.clientHeight
    const share = way > 0 ? element.scrollTop / way : 0
    const first = Math.max(
      0,
      Math.min(count - rows, Math.floor(share * Math.max(0, count - element.clientHeight / height))),
    )
    if (first !== seen.first || rows !== seen.rows) setSeen({ first, rows })
  }
  function scrolled({
    currentTarget: { scrollHeight, clientHeight, scrollTop },
  }: TargetedEvent<HTMLElement>): void {
    look()
    onScrolledByUser?.(scrollHeight - clientHeight - scrollTop < 2 * height)
  }
  useLayoutEffect(look, [count])
  useEffect(() => {
    const element = outer.current
    if (element === null) return
    const watch = new ResizeObserver(look)
    watch.observe(element)
    return () => watch.disconnect()
  })

  function scrollTo(row: number): void {
    const element = outer.current
    if (element === null) return
    const way = tall - element.clientHeight
    const all = Math.max(1, count - element.clientHeight / height)
    element.scrollTop = (Math.max(0, row) / all) * way
  }
  useLayoutEffect(() => {
    if (follow) scrollTo(count)
  }, [follow, count])
  useLayoutEffect(() => {
    if (target !== undefined && target.row >= 0) scrollTo(target.row - seen.rows / 2)
  }, [target])

  // Draws the visible rows at their place, even if the browser cannot scroll the full height.
  const way = tall - seen.rows * height
  const top = tall === count * height ? got.from * height : offset(got.from, seen.first, most, way, height)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <div tabIndex={0} {...box} ref={outer} class={`rows ${box.class ?? ''}`} onScroll={scrolled}>
      <div class="rows-all" role="presentation" style={{ height: `${tall}px` }}>
        <Seen class="rows-seen" style={{ transform: `translateY(${top}px)` }}>
          {got.rows.map((row, index) => draw(row, got.from + index))}
        </Seen>
      </div>
    </div>
  )
}

function offset(from: number, first: number, most: number, way: number, height: number): number {
  const scrolled = most > 0 ? (first / most) * way : 0
  return Math.max(0, scrolled - (first - from) * height)
}
