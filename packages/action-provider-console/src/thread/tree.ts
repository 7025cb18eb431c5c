import { numberText } from './exact-json.ts'

/** One row of a tree. */
export type TreeRow = {
  depth: number
  /** Its name in its parent; `undefined` for the root, and for the parts of a long text. */
  name: string | undefined
  kind: 'object' | 'list' | 'text' | 'number' | 'word'
  /** The value, or its beginning. */
  text: string
  /** The number of its values; the length of a text. */
  size: number
  /** Whether it is open; `undefined` if it cannot be opened. */
  open: boolean | undefined
  /** Its position among its siblings, and their number. */
  position: number
  siblings: number
}

/** The visible rows of a value. Closed parts cost nothing. */
export type Tree = {
  readonly count: number
  rows(from: number, to: number): TreeRow[]
  /** Opens what is closed, and closes what is open. */
  toggle(row: number): void
  /** The row of the parent. */
  parent(row: number): number
  /** The JSON of a row, or its text. */
  text(row: number): string
  /** Shows another value; open parts stay open. */
  replace(value: unknown): void
}

type Node = {
  value: unknown
  name: string | undefined
  depth: number
  path: string
  position: number
  siblings: number
  /** A part of a long text. */
  part?: true
}

/** The longest text in one row. */
const LONGEST = 160
/** The most rows of a root that is open at first. */
const FEW = 1_000

/** @example createTree({ a: [1, 2] }).count // 2: the object and its list */
export function createTree(first: unknown): Tree {
  let visible: Node[] = []
  const open = new Set<string>()

  function show(value: unknown): void {
    visible = []
    const put = (node: Node): void => {
      visible.push(node)
      if (open.has(node.path) && isOpenable(node)) for (const child of childrenOf(node)) put(child)
    }
    put({ value, name: undefined, depth: 0, path: '', position: 1, siblings: 1 })
  }

  function insertBelow(row: number, nodes: readonly Node[]): void {
    visible = [...visible.slice(0, row + 1), ...nodes, ...visible.slice(row + 1)]
  }

  function toggle(row: number): void {
    const node = visible[row]
    if (node === undefined || !isOpenable(node)) return
    if (!open.delete(node.path)) {
      open.add(node.path)
      insertBelow(row, childrenOf(node))
      return
    }
    let end = row + 1
    while ((visible[end]?.depth ?? -1) > node.depth) end++
    for (const { path } of visible.slice(row + 1, end)) open.delete(path)
    visible = [...visible.slice(0, row + 1), ...visible.slice(end)]
  }

  const size = typeof first === 'string' ? first.length / LONGEST : sizeOf(first)
  if (size <= FEW) open.add('')
  show(first)
  return {
    get count() {
      return visible.length
    },
    rows: (from, to) =>
      visible.slice(from, to).map((node) => rowOf(node, open.has(node.path) && isOpenable(node))),
    toggle,
    parent(row) {
      const depth = visible[row]?.depth ?? 0
      let above = row - 1
      while (above > 0 && (visible[above]?.depth ?? 0) >= depth) above--
      return Math.max(0, above)
    },
    text(row) {
      const { value } = visible[row] ?? {}
      return typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)
    },
    replace: show,
  }
}

function isOpenable({ value, part }: Node): boolean {
  if (part) return false
  if (typeof value === 'string') return value.length > LONGEST || value.includes('\n')
  return sizeOf(value) > 0
}

function childrenOf({ value, path, depth }: Node): Node[] {
  const make = (name: string | undefined, child: unknown, index: number, siblings: number): Node => ({
    value: child,
    name,
    depth: depth + 1,
    path: `${path}\0${name ?? index}`,
    position: index + 1,
    siblings,
  })
  if (typeof value === 'string') {
    const parts = partsOf(value)
    return parts.map((part, index) => ({ ...make(undefined, part, index, parts.length), part: true }))
  }
  if (Array.isArray(value))
    return value.map((child: unknown, index) => make(String(index), child, index, value.length))
  const entries = Object.entries(value as Record<string, unknown>)
  return entries.map(([name, child], index) => make(name, child, index, entries.length))
}

/** The lines of a text, with long lines in parts. */
function partsOf(text: string): string[] {
  return text.split('\n').flatMap((line) => line.match(new RegExp(`.{1,${LONGEST}}`, 'gsu')) ?? [''])
}

function rowOf(node: Node, isOpen: boolean): TreeRow {
  const { value, name, depth, position, siblings } = node
  return {
    depth,
    name: name === undefined ? undefined : cut(name),
    ...shown(value),
    open: isOpenable(node) ? isOpen : undefined,
    position,
    siblings,
  }
}

function shown(value: unknown): Pick<TreeRow, 'kind' | 'text' | 'size'> {
  if (typeof value === 'string') return { kind: 'text', text: cut(value), size: value.length }
  const number = numberText(value)
  if (number !== undefined) return { kind: 'number', text: cut(number), size: 0 }
  if (Array.isArray(value)) return { kind: 'list', text: '', size: value.length }
  if (typeof value === 'object' && value !== null) return { kind: 'object', text: '', size: sizeOf(value) }
  return { kind: 'word', text: String(value), size: 0 }
}

/** The number of values in a value. */
function sizeOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || numberText(value) !== undefined) return 0
  return Array.isArray(value) ? value.length : Object.keys(value).length
}

function cut(text: string): string {
  const line = text.slice(0, LONGEST + 1)
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line
}
