import { dialectOf } from '../input/dialects.ts'
import { isObject, type SchemaObject, toJsonSchema } from '../input/schema-facts.ts'
import { indexReferences, type References } from './references.ts'

/** A JSON Schema of 2020-12, or a part of one. */
export type Schema = SchemaObject | boolean

/** The characters of a component name (OpenAPI 3.1, "Components Object"). */
const NOT_IN_NAMES = /[^A-Za-z0-9._-]+/g

/** Keywords that hold one schema, a list of schemas, or schemas by name. */
const ONE = new Set(
  'additionalProperties propertyNames contains not if then else unevaluatedItems unevaluatedProperties contentSchema'.split(
    ' ',
  ),
)
const SEVERAL = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const NAMED = new Set(['properties', 'patternProperties', 'dependentSchemas'])

/** Keywords that only name the dialect or locate parts, and keywords that are translated below. */
const REPLACED = new Set(
  '$schema $vocabulary $async $id $anchor $dynamicAnchor $recursiveAnchor $defs definitions $ref $dynamicRef $recursiveRef dependencies nullable'.split(
    ' ',
  ),
)

/** Keywords of 2020-12 that older dialects ignore, by the version that introduced them. */
const SINCE: Readonly<Record<string, number>> = {
  dependentRequired: 2019,
  dependentSchemas: 2019,
  minContains: 2019,
  maxContains: 2019,
  unevaluatedItems: 2019,
  unevaluatedProperties: 2019,
  prefixItems: 2020,
}

/**
 * Whether a keyword is translated, or ignored by this dialect. Of the dialects that are checked, only
 * draft-06 ignores conditions.
 */
function isLeftOut(keyword: string, version: number): boolean {
  const isCondition = keyword === 'if' || keyword === 'then' || keyword === 'else'
  return REPLACED.has(keyword) || version < (SINCE[keyword] ?? 0) || (version === 6 && isCondition)
}

/**
 * Translates an input schema of any known dialect to schemas of 2020-12 for an OpenAPI document. They accept
 * the same inputs. Each part that is referred to becomes a component, because few tools understand `$id` and
 * anchors.
 *
 * @returns the components by name: `Input`, and what it refers to
 * @throws InvalidDefinition for an unknown dialect
 * @example
 * inputComponents({ $schema: 'http://json-schema.org/draft-04/schema#', properties: { n: { minimum: 0, exclusiveMinimum: true } } })
 * // { Input: { properties: { n: { exclusiveMinimum: 0 } } } }
 */
export function inputComponents(input: SchemaObject): Record<string, Schema> {
  // A copy in which each part is a separate object.
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

/**
 * Before 2020-12, `items` held the list of schemas for the first items, and `additionalItems` the schema for
 * all others.
 */
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

/**
 * In draft-04, `exclusiveMinimum: true` excludes the bound itself, `id` is the identity, and `examples` does
 * not exist.
 */
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

/** Every dialect accepts `dependencies`; since 2019-09, its two uses have names of their own. */
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

/** Makes references that lead only to components. Keywords beside a reference apply too, as in the check. */
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
