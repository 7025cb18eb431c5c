import { parts, type SchemaObject } from './schema-facts.ts'

/**
 * Whether a small input may take very long to check. It may if the schema refers back to itself and checks
 * one part of an input in several ways: each way checks the parts below in several ways again.
 *
 * A recursion that checks each part of a part in only one way, as in a tree of nodes, takes linear time. All
 * other recursions count as slow, and so do those that the schema's text leaves open.
 */
export function multiplies(schema: SchemaObject): boolean {
  const references = cyclicReferences(schema)
  if (references.length > 0 && hasInnerId(schema)) return true
  return references.some(
    ({ from, known }) =>
      !known ||
      !keywords(from).every((keyword) => ONE_WAY.has(keyword)) ||
      references.some((other) => other.to === from || isBeside(other.from, from)),
  )
}

/**
 * A part that refers to another. `known` is false if the target is not a plain pointer; it then counts as the
 * root.
 */
type Reference = { from: string; to: string; known: boolean }

/**
 * Keywords of which at most one applies to each part of a value. The last two hold schemas for references.
 */
const ONE_WAY = new Set([
  'properties',
  'additionalProperties',
  'prefixItems',
  'items',
  'additionalItems',
  '$defs',
  'definitions',
])

const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef']

/** The references that form a cycle or lead to one. */
function cyclicReferences(schema: SchemaObject): Reference[] {
  const all = [...parts(schema)]
  const pointers = new Set(all.map(([pointer]) => pointer))
  let references = all.flatMap(([from, part]) =>
    REFERENCES.flatMap((keyword) => {
      const to = part[keyword]
      if (typeof to !== 'string') return []
      const known = keyword === '$ref' && pointers.has(to)
      return [{ from, to: known ? to : '#', known }]
    }),
  )
  for (;;) {
    // Removes references that lead to no further one, until all that are left form cycles or lead to one.
    const leading = references.filter(({ to }) => references.some(({ from }) => isWithin(from, to)))
    if (leading.length === references.length) return references
    references = leading
  }
}

/** Whether an inner part has an `$id`: pointers below it start from that part, not from the root. */
function hasInnerId(schema: SchemaObject): boolean {
  return [...parts(schema)].some(([pointer, part]) => pointer !== '#' && ('$id' in part || 'id' in part))
}

/** The keywords on the way to a part, without the names and numbers below them. */
function keywords(pointer: string): string[] {
  const found: string[] = []
  const segments = pointer.split('/').slice(1)
  for (let index = 0; index < segments.length; index++) {
    const keyword = segments[index] ?? ''
    found.push(keyword)
    const isNamed = ['properties', '$defs', 'definitions'].includes(keyword)
    if (isNamed || /^\d+$/.test(segments[index + 1] ?? '')) index++
  }
  return found
}

/**
 * Whether a part is applied together with another's reference: it is below that part, and not under `$defs`
 * or `definitions`.
 */
function isBeside(pointer: string, outer: string): boolean {
  return pointer.startsWith(`${outer}/`) && !/^\/(\$defs|definitions)\//.test(pointer.slice(outer.length))
}

function isWithin(pointer: string, outer: string): boolean {
  return pointer === outer || pointer.startsWith(`${outer}/`)
}
