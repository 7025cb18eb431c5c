import { dialectOf } from '../input/dialects.ts'
import { isObject, type SchemaObject, toJsonSchema } from '../input/schema-facts.ts'
import { indexReferences, type References } from './references.ts'

/** A JSON Schema of 2020-12, or a part of one. */
export type Schema = SchemaObject | boolean

/** How a name of a component is written (OpenAPI 3.1, "Components Object"). */
const NOT_IN_NAMES = /[^A-Za-z0-9._-]+/g

/** Where a keyword holds one schema, several, or several by name. */
const ONE = new Set(
  'additionalProperties propertyNames contains not if then else unevaluatedItems unevaluatedProperties contentSchema'.split(
    ' ',
  ),
)
const SEVERAL = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const NAMED = new Set(['properties', 'patternProperties', 'dependentSchemas'])

/** What only says which dialect it is and where parts are found, or is said in other words below. */
const REPLACED = new Set(
  '$schema $vocabulary $async $id $anchor $dynamicAnchor $recursiveAnchor $defs definitions $ref $dynamicRef $recursiveRef dependencies nullable'.split(
    ' ',
  ),
)

/** Keywords that 2020-12 has and an older dialect takes no notice of, by the version that brought them. */
const SINCE: Readonly<Record<string, number>> = {
  dependentRequired: 2019,
  dependentSchemas: 2019,
  minContains: 2019,
  maxContains: 2019,
  unevaluatedItems: 2019,
  unevaluatedProperties: 2019,
  prefixItems: 2020,
}

/** What is said in other words, or means nothing to the check of this dialect: draft-06 alone has no conditions there. */
function isLeftOut(keyword: string, version: number): boolean {
  const isCondition = keyword === 'if' || keyword === 'then' || keyword === 'else'
  return REPLACED.has(keyword) || version < (SINCE[keyword] ?? 0) || (version === 6 && isCondition)
}

/**
 * An input schema of any known dialect as schemas of 2020-12 for an OpenAPI document: what the one lets through, the others do.
 * Each part that is referred to is a component of its own, which every tool finds: `$id` and anchors few do.
 *
 * @returns the components by name: `Input`, and what it refers to
 * @throws InvalidDefinition when the dialect is not known
 * @example
 * inputComponents({ $schema: 'http://json-schema.org/draft-04/schema#', properties: { n: { minimum: 0, exclusiveMinimum: true } } })
 * // { Input: { properties: { n: { exclusiveMinimum: 0 } } } }
 */
export function inputComponents(input: SchemaObject): Record<string, Schema> {
  // A copy, in which each part is an object of its own.
  const root = toJsonSchema(input)
  const { version } = dialectOf(root)
  const references = indexReferences(root, version === 4 ? 'id' : '$id')
  const components: Record<string, Schema> = {}
  const names = new Map<unknown, string>()

  const componentOf = (part: unknown, hint: string): string => {
    const known = names.get(part)
    if (known !== undefined) return known
    const name = unused(part === root ? 'Input' : `Input_${hint.replaceAll(NOT_IN_NAMES, '_')}`, components)
    names.set(part, name)
    components[name] = true
    components[name] = translate(part, { version, references, componentOf })
    return name
  }

  componentOf(root, '')
  return components
}

function unused(name: string, taken: object): string {
  let free = name
  for (let count = 2; Object.hasOwn(taken, free); count++) free = `${name}_${count}`
  return free
}

type Translation = {
  version: number
  references: References
  componentOf: (part: unknown, hint: string) => string
}

function translate(schema: unknown, translation: Translation): Schema {
  if (!isObject(schema)) return schema !== false
  const { version } = translation
  const inner = (part: unknown): Schema => translate(part, translation)
  const named = (parts: unknown): Record<string, Schema> =>
    Object.fromEntries(Object.entries(parts as object).map(([name, part]) => [name, inner(part)]))

  const result: SchemaObject = {}
  for (const [keyword, value] of Object.entries(schema)) {
    if (isLeftOut(keyword, version)) continue
    if (ONE.has(keyword)) result[keyword] = inner(value)
    else if (SEVERAL.has(keyword)) result[keyword] = (value as unknown[]).map(inner)
    else if (NAMED.has(keyword)) result[keyword] = named(value)
    else result[keyword] = value
  }
  if (version < 2020) Object.assign(result, arrays(schema, result, inner))
  else if (schema.items !== undefined) result.items = inner(schema.items)
  if (version === 4) draft04(result)
  if (schema.nullable === true) result.type = [...new Set([schema.type, 'null'].flat())]
  dependencies(schema, result, inner)
  refer(schema, result, translation)
  return result
}

/** Before 2020-12 a list of schemas for the first items was `items`, and the one for all others `additionalItems`. */
function arrays(schema: SchemaObject, result: SchemaObject, inner: (part: unknown) => Schema): SchemaObject {
  const { items, additionalItems } = schema
  delete result.items
  delete result.additionalItems
  if (items === undefined) return {}
  if (!Array.isArray(items)) return { items: inner(items) }
  return {
    ...(items.length > 0 && { prefixItems: items.map(inner) }),
    ...(additionalItems !== undefined && { items: inner(additionalItems) }),
  }
}

/** Draft-04 wrote with `true` that a bound is itself not allowed; it had other words for the identity, and none for examples. */
function draft04(result: SchemaObject): void {
  delete result.id
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof result[exclusive] !== 'boolean') continue
    const isExclusive = result[exclusive]
    delete result[exclusive]
    if (!isExclusive || result[bound] === undefined) continue
    result[exclusive] = result[bound]
    delete result[bound]
  }
  if (!Array.isArray(result.examples)) delete result.examples
}

/** `dependencies` is understood in every dialect; since 2019-09 it has two names, for its two uses. */
function dependencies(
  { dependencies: given }: SchemaObject,
  result: SchemaObject,
  inner: (part: unknown) => Schema,
): void {
  for (const [name, dependency] of Object.entries(given ?? {})) {
    const [keyword, value] = Array.isArray(dependency)
      ? ['dependentRequired', dependency]
      : ['dependentSchemas', inner(dependency)]
    result[keyword] = { ...(result[keyword] as object | undefined), [name]: value }
  }
}

/** Refers to components alone. What lies beside a reference counts, as it does in the check. */
function refer(schema: SchemaObject, result: SchemaObject, { references, componentOf }: Translation): void {
  const all: Schema[] = []
  for (const keyword of ['$ref', '$dynamicRef', '$recursiveRef']) {
    const reference = schema[keyword]
    if (typeof reference !== 'string') continue
    const target = references.resolve(schema, keyword, reference)
    if (target === undefined) continue
    all.push({ $ref: `#/components/schemas/${componentOf(target.part, target.hint)}` })
  }
  const [first, ...others] = all
  if (isObject(first)) Object.assign(result, first)
  if (others.length > 0) result.allOf = [...((result.allOf as Schema[] | undefined) ?? []), ...others]
}
