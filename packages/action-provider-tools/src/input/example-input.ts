import type { CompiledInput } from './input-schema.ts'
import { isObject, partAt, type SchemaObject } from './schema-facts.ts'

/**
 * An input that a schema accepts, to try a provider with: the given one, or else one of the schema's
 * examples, its default, or one built from its required properties. `undefined` if the schema accepts none of
 * them.
 *
 * @example await exampleInput(compileInput(Type.Object({ text: Type.String() }))) // { text: 'text' }
 */
export async function exampleInput(input: CompiledInput<unknown>, given?: unknown): Promise<unknown> {
  for (const candidate of given === undefined ? candidates(input.json_schema) : [given]) {
    const { ok } = await input.validate(candidate)
    if (ok) return candidate
  }
  return undefined
}

function candidates(schema: SchemaObject): unknown[] {
  return [...listOf(schema.examples), schema.default, build(schema, schema, 0)].filter(isObject)
}

/** How deep a schema is followed. There is a limit because it may refer to itself. */
const DEEPEST = 16

/** Builds the simplest value that a schema suggests. */
function build(schema: unknown, root: SchemaObject, depth: number): unknown {
  if (!isObject(schema) || depth > DEEPEST) return undefined
  const [example = schema.default] = listOf(schema.examples)
  if (example !== undefined) return example
  if (schema.const !== undefined) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0]
  const inner = (part: unknown): unknown => build(part, root, depth + 1)
  if (typeof schema.$ref === 'string') return inner(resolve(schema.$ref, root))
  const all = listOf(schema.allOf)
  if (all.length > 0) return inner(together(schema, all, root))
  const [choice] = [...listOf(schema.anyOf), ...listOf(schema.oneOf)]
  if (isObject(choice) && schema.type === undefined) return inner(choice)
  return ofType(schema, inner)
}

function ofType(schema: SchemaObject, inner: (part: unknown) => unknown): unknown {
  const { properties, minItems, items, minLength, format, minimum, exclusiveMinimum } = schema
  switch ([schema.type].flat()[0]) {
    case 'string':
      return (FORMATS[String(format)] ?? 'text').padEnd(Number(minLength ?? 0), 'x')
    case 'integer':
    case 'number':
      // In draft-04 `exclusiveMinimum` is `true`, and the bound is `minimum`.
      if (exclusiveMinimum === true) return Number(minimum ?? 0) + 1
      return typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : (minimum ?? 0)
    case 'boolean':
      return true
    case 'null':
      return null
    case 'array':
      return Array.from({ length: Number(minItems ?? 0) }, () => inner(items))
    case 'object':
    case undefined: {
      const known = isObject(properties) ? properties : {}
      return Object.fromEntries(
        listOf(schema.required).map((name) => [name, inner(known[String(name)] ?? {})]),
      )
    }
    default:
      return undefined
  }
}

/** Values of the most common formats. */
const FORMATS: Readonly<Record<string, string>> = {
  date: '2030-01-31',
  'date-time': '2030-01-31T12:00:00Z',
  email: 'someone@example.org',
  hostname: 'example.org',
  time: '12:00:00Z',
  uri: 'https://example.org/',
  url: 'https://example.org/',
  uuid: '00000000-0000-4000-8000-000000000000',
}

/** A schema with the properties of all its `allOf`. */
function together(schema: SchemaObject, all: readonly unknown[], root: SchemaObject): SchemaObject {
  const { allOf: _, ...own } = schema
  const parts = all.map((part) =>
    isObject(part) && typeof part.$ref === 'string' ? resolve(part.$ref, root) : part,
  )
  const objects = [...parts, own].filter(isObject)
  return {
    ...Object.assign({}, ...objects),
    properties: Object.assign({}, ...objects.map(({ properties }) => properties)),
    required: [...new Set(objects.flatMap(({ required }) => listOf(required)))],
  }
}

/** The part that a reference inside a schema names; `undefined` for a reference to another document. */
function resolve(reference: string, root: SchemaObject): unknown {
  return reference.startsWith('#') ? partAt(root, decodeURIComponent(reference.slice(1))) : undefined
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
