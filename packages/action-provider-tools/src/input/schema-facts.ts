import { pointerSegments } from '../documents/check.ts'
import { InvalidDefinition } from '../errors.ts'

/** A JSON Schema, or a part of one. */
export type SchemaObject = Record<string, unknown>

/**
 * A schema as JSON, in the form that callers see and that checks inputs.
 *
 * @throws InvalidDefinition if it is not a JSON object, or holds what JSON cannot express
 */
export function toJsonSchema(schema: unknown): SchemaObject {
  const copy: unknown = JSON.parse(JSON.stringify(toJson(schema)) ?? 'null')
  if (!isObject(copy)) throw new InvalidDefinition('The schema is not a JSON object: give a JSON Schema')
  return copy
}

/** @throws InvalidDefinition if the schema of an input accepts no objects */
export function assertAcceptsObjects({ type }: SchemaObject): void {
  if (type === undefined || [type].flat().includes('object')) return
  throw new InvalidDefinition(
    'The input schema accepts no objects, at #/type: the body of a request is an object, so set it to "object"',
  )
}

function toJson(value: unknown, pointer = '#', above: readonly unknown[] = []): unknown {
  if (typeof value === 'bigint') throw notJson(pointer, 'a BigInt')
  if (typeof value !== 'object' || value === null) return value
  if (above.includes(value)) throw notJson(pointer, 'a part that contains itself')
  if (Object.hasOwn(value, '~refine') || Object.hasOwn(value, '~codec')) {
    throw notJson(
      pointer,
      "a Refine or Codec of TypeBox, which is not part of JSON Schema: move it into 'run'",
    )
  }
  const inner = [...above, value]
  if (Array.isArray(value)) return value.map((item, index) => toJson(item, `${pointer}/${index}`, inner))
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, toJson(part, `${pointer}/${escaped(name)}`, inner)]),
  )
}

function notJson(pointer: string, what: string): InvalidDefinition {
  return new InvalidDefinition(`The input schema is not JSON, at ${pointer}: it has ${what}`)
}

/** Every object in a schema with its JSON pointer, from the root down. */
export function* parts(schema: unknown, pointer = '#'): Generator<[string, SchemaObject]> {
  if (typeof schema !== 'object' || schema === null) return
  if (isObject(schema)) yield [pointer, schema]
  for (const [name, part] of Object.entries(schema)) yield* parts(part, `${pointer}/${escaped(name)}`)
}

/** The part of a schema that a JSON pointer names (RFC 6901); `undefined` if there is none. */
export function partAt(schema: unknown, pointer: string): unknown {
  let part = schema
  for (const name of pointerSegments(pointer)) {
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, name)) return undefined
    part = (part as Record<string, unknown>)[name]
  }
  return part
}

/** The JSON pointer of the first place where a keyword has a value, such as a `$ref` that leads nowhere. */
export function findPointer(
  schema: SchemaObject,
  keyword: string,
  value?: string | boolean,
): string | undefined {
  for (const [pointer, part] of parts(schema)) {
    const found = value === undefined ? !isObject(part[keyword] ?? {}) : part[keyword] === value
    if (found) return `${pointer}/${escaped(keyword)}`
  }
  return undefined
}

/** The JSON pointer of the first place that has a regular expression. */
export function findPattern(schema: SchemaObject, pattern: string): string | undefined {
  for (const [pointer, { patternProperties }] of parts(schema)) {
    if (isObject(patternProperties) && Object.hasOwn(patternProperties, pattern)) {
      return `${pointer}/patternProperties/${escaped(pattern)}`
    }
  }
  return findPointer(schema, 'pattern', pattern)
}

/** The names of properties in a schema. Errors may show them: they are not data of the caller. */
export function declaredNames(schema: SchemaObject): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [, part] of parts(schema)) {
    if (isObject(part.properties)) for (const name of Object.keys(part.properties)) names.add(name)
    if (Array.isArray(part.required)) for (const name of part.required) names.add(String(name))
  }
  return names
}

export function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
