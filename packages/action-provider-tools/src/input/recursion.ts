import { parts, type SchemaObject } from './schema-facts.ts'

/**
 * Whether a small input may take very long to check: the schema refers back to itself so that one part of an input can be
 * checked in several ways, each of which checks the parts below in several ways again.
 *
 * A recursion that goes from a part of the input to its own parts alone, to each in one way, as a tree of nodes has it, takes
 * time linear in the input. All others count, and so does what cannot be told from the schema's text.
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

/** A part that refers to another. `known` is false where its target is not a plain pointer: it counts as the root then. */
type Reference = { from: string; to: string; known: boolean }

/** Keywords that apply to the parts of a value, and to each part at most one of them; the last two hold schemas for references. */
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

/** The references that lead round in a circle, or to one. */
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
    // What leads to no further reference ends there. Where nothing more does, the rest goes round.
    const leading = references.filter(({ to }) => references.some(({ from }) => isWithin(from, to)))
    if (leading.length === references.length) return references
    references = leading
  }
}

/** Pointers that begin with `#` start from the innermost part that has an `$id`, and not from the root. */
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

/** Whether a part is applied along with another's reference: it stands below it, and not where schemas are only kept. */
function isBeside(pointer: string, outer: string): boolean {
  return pointer.startsWith(`${outer}/`) && !/^\/(\$defs|definitions)\//.test(pointer.slice(outer.length))
}

function isWithin(pointer: string, outer: string): boolean {
  return pointer === outer || pointer.startsWith(`${outer}/`)
}
