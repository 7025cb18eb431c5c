import { fieldError, jsonPath, listErrors, type Scrubbing } from '../documents/check.ts'
import { ActionProviderError, InvalidDefinition } from '../errors.ts'
import { isPromiseLike } from '../promise-like.ts'
import type {
  CheckedInput,
  CompiledInput,
  StandardIssue,
  StandardResult,
  StandardSchema,
} from './input-schema.ts'
import { isTame } from './pattern.ts'
import { multiplies } from './recursion.ts'
import { declaredNames, parts, type SchemaObject, toJsonSchema } from './schema-facts.ts'
import { tooSlow, withinTime } from './within-time.ts'

/**
 * Compiles a Standard Schema. Its library checks the inputs; callers see its JSON Schema. Only asynchronous
 * schemas return promises.
 *
 * @throws InvalidDefinition if it has no JSON Schema
 */
export function compileStandardSchema(schema: StandardSchema): CompiledInput<unknown> {
  const standard = schema['~standard']
  const json_schema = toJsonSchema(describe(standard))
  const watched = multiplies(json_schema) || hasWildPattern(json_schema)
  const declared = declaredNames(json_schema)

  function judge(result: StandardResult<unknown>, body: unknown, showInput: boolean): CheckedInput<unknown> {
    if (result.issues === undefined) return { ok: true, value: storable(result.value) }
    const scrubbing = { showInput, declared }
    return {
      ok: false,
      errors: listErrors(result.issues, (issue) => word(issue, body, standard.vendor, scrubbing)),
    }
  }

  return {
    json_schema,
    mayTakeLong: false,
    validate(body, { showInput = false } = {}) {
      const result = watched ? withinTime(() => standard.validate(body)) : standard.validate(body)
      if (result === undefined) return tooSlow()
      return isPromiseLike(result)
        ? Promise.resolve(result).then((settled) => judge(settled, body, showInput))
        : judge(result, body, showInput)
    },
  }
}

function describe({ vendor, jsonSchema }: StandardSchema['~standard']): SchemaObject {
  if (jsonSchema === undefined) {
    throw new InvalidDefinition(
      `The input schema (${vendor}) cannot be expressed as JSON Schema: use Zod from 4.2, ArkType from 2.1.28, ` +
        "Valibot's toStandardJsonSchema, or give the JSON Schema itself",
    )
  }
  try {
    return jsonSchema.input({ target: 'draft-2020-12' })
  } catch (error) {
    throw new InvalidDefinition(
      `The input schema (${vendor}) cannot be expressed as JSON Schema: ${(error as Error).message}`,
      { cause: error },
    )
  }
}

/** The library runs patterns on V8, and some patterns may keep it busy forever. */
function hasWildPattern(schema: SchemaObject): boolean {
  return [...parts(schema)].some(([, { pattern }]) => typeof pattern === 'string' && !isTame(pattern))
}

/**
 * Zod's messages repeat nothing of the input except the names of unknown fields. Other libraries' messages
 * may.
 */
function word(
  { message, path = [], code }: StandardIssue,
  body: unknown,
  vendor: string,
  scrubbing: Scrubbing,
): string {
  const segments = path.map((segment) => (typeof segment === 'object' ? segment.key : segment))
  const isOpen = scrubbing.showInput || (vendor === 'zod' && code !== 'unrecognized_keys')
  const statement = code === 'unrecognized_keys' ? 'must not have unknown fields' : 'does not fit the schema'
  return fieldError(jsonPath(segments, body, scrubbing), code ?? 'schema', isOpen ? message : statement)
}

/** An input is stored as JSON until its work ends, so a schema's output must be JSON. */
function storable(value: unknown): unknown {
  const place = notJson(value, '$')
  if (place === undefined) return value
  throw new ActionProviderError(undefined, {
    cause: new InvalidDefinition(
      `The output of the input schema is not JSON, at ${place}: move transforms to dates, maps, classes and the like into 'run'`,
    ),
  })
}

function notJson(value: unknown, place: string): string | undefined {
  if (value === null || ['string', 'boolean', 'undefined'].includes(typeof value)) return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : place
  if (typeof value !== 'object') return place
  if (!Array.isArray(value) && ![Object.prototype, null].includes(Object.getPrototypeOf(value))) return place
  for (const [name, part] of Object.entries(value)) {
    const found = notJson(part, `${place}.${name}`)
    if (found !== undefined) return found
  }
  return undefined
}
