import { isObject, partAt, type SchemaObject } from '../input/schema-facts.ts'

/** The target of a reference, with a word to name it by. */
export type Target = { part: unknown; hint: string }

/** Resolves the references of a schema. */
export type References = {
  /** @returns `undefined` for targets outside the schema, and for those that depend on the dynamic scope */
  resolve: (from: SchemaObject, keyword: string, reference: string) => Target | undefined
}

/** Keywords whose values are never schemas. */
const VALUES = new Set(['const', 'enum', 'default', 'examples', 'example'])

/** Keywords whose values hold schemas by name. A name may be that of a keyword. */
const NAMED = new Set([
  'properties',
  'patternProperties',
  'dependentSchemas',
  'dependencies',
  '$defs',
  'definitions',
])

/** A part of a schema with its own identity, and its anchors. */
type Resource = { root: SchemaObject; anchors: Map<string, SchemaObject>; dynamic: Map<string, SchemaObject> }

/** The key for `$recursiveAnchor`. No anchor can have this name. */
const RECURSIVE = '#'

/** The base of references in a schema without an identity. */
const NOWHERE = 'schema://input/'

/**
 * Indexes everything that references in a schema can lead to.
 *
 * @param identity the keyword that gives a part its identity: `id` in draft-04, else `$id`
 */
export function indexReferences(root: SchemaObject, identity: 'id' | '$id'): References {
  const resources = new Map<string, Resource>()
  const bases = new Map<SchemaObject, string>()

  const index = (value: unknown, base: string): void => {
    if (Array.isArray(value)) for (const part of value) index(part, base)
    if (isObject(value)) indexSchema(value, base)
  }

  const indexSchema = (value: SchemaObject, base: string): void => {
    const given = value[identity]
    const id = typeof given === 'string' && given !== '' ? given : undefined
    const isAnchor = id?.startsWith('#') ?? false
    const uri = id === undefined || isAnchor ? base : withoutFragment(URL.parse(id, base)?.href ?? base)
    const resource = resources.get(uri) ?? { root: value, anchors: new Map(), dynamic: new Map() }
    resources.set(uri, resource)
    bases.set(value, uri)
    for (const anchor of [isAnchor && id?.slice(1), value.$anchor, value.$dynamicAnchor]) {
      if (typeof anchor === 'string') resource.anchors.set(anchor, value)
    }
    if (typeof value.$dynamicAnchor === 'string') resource.dynamic.set(value.$dynamicAnchor, value)
    if (value.$recursiveAnchor === true) resource.dynamic.set(RECURSIVE, value)
    for (const [keyword, part] of Object.entries(value)) {
      if (NAMED.has(keyword)) for (const each of Object.values(part as object)) index(each, uri)
      else if (!VALUES.has(keyword)) index(part, uri)
    }
  }
  index(root, NOWHERE)

  /**
   * A dynamic reference leads to the outermost part with the anchor: the root's own, because checks begin
   * there.
   */
  const outermost = (name: string, found: Target): Target | undefined => {
    const bearers = [...resources.values()].filter(({ dynamic }) => dynamic.has(name))
    const [first] = bearers
    const part = first?.dynamic.get(name)
    if (part !== undefined && (first?.root === root || bearers.length === 1)) return { ...found, part }
    return undefined
  }

  return {
    resolve(from, keyword, reference) {
      const base = bases.get(from) ?? NOWHERE
      const url = URL.parse(reference, base)
      const resource = url === null ? undefined : resources.get(withoutFragment(url.href))
      if (url === null || resource === undefined) return undefined
      const fragment = decodeURIComponent(url.hash.slice(1))
      if (fragment === '') {
        const target = { part: resource.root, hint: lastWord(url.pathname) }
        const isDynamic = keyword === '$recursiveRef' && resource.dynamic.has(RECURSIVE)
        return isDynamic ? outermost(RECURSIVE, target) : target
      }
      if (fragment.startsWith('/')) {
        const part = partAt(resource.root, fragment)
        return part === undefined ? undefined : { part, hint: lastWord(fragment) }
      }
      const part = resource.anchors.get(fragment)
      if (part === undefined) return undefined
      const isDynamic = keyword === '$dynamicRef' && resource.dynamic.has(fragment)
      return isDynamic ? outermost(fragment, { part, hint: fragment }) : { part, hint: fragment }
    },
  }
}

function withoutFragment(uri: string): string {
  return uri.replace(/#.*$/s, '')
}

function lastWord(path: string): string {
  return path.split('/').findLast((word) => word !== '') ?? 'part'
}
