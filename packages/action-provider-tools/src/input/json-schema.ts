import type { Ajv, ErrorObject, Options, ValidateFunction } from 'ajv'
import { errorMessage, fieldErrors } from '../documents/field-errors.ts'
import { findErrors } from '../documents/find-errors.ts'
import { InvalidDefinition } from '../errors.ts'
import type { CheckedInput, CompiledInput } from './compile-input.ts'
import { type Dialect, dialectOf } from './dialects.ts'
import { useOwnEquality } from './equality.ts'
import { FORMATS } from './formats.ts'
import type { JsonSchema } from './input-schema.ts'
import { compilePattern, type Matcher } from './pattern.ts'
import {
  declaredNames,
  findPattern,
  findPointer,
  isRecursive,
  type SchemaObject,
  toJsonSchema,
} from './schema-facts.ts'
import { tooSlow, withinTime } from './within-time.ts'

/**
 * Compiles a JSON Schema of any known dialect. Nothing is coerced and no default is filled in: the input stays as it was sent.
 *
 * @throws InvalidDefinition that names the place
 */
export function compileJsonSchema(given: JsonSchema): CompiledInput<unknown> {
  const schema = toJsonSchema(given)
  const dialect = dialectOf(schema)
  checkSchema(schema, dialect)

  const { fits, backtracks } = compile(schema, dialect, { allErrors: false })
  const watched = backtracks || isRecursive(schema)
  const declared = declaredNames(schema)
  let thorough: ValidateFunction | undefined

  const errorsOf = (body: unknown): ErrorObject[] =>
    findErrors(body, fits, () => (thorough ??= compile(schema, dialect, { allErrors: true }).fits))

  return {
    json_schema: schema,
    validate(body, { showInput = false } = {}): CheckedInput<unknown> {
      const errors = watched ? withinTime(() => errorsOf(body)) : errorsOf(body)
      if (errors === undefined) return tooSlow()
      if (errors.length === 0) return { ok: true, value: body }
      return { ok: false, errors: fieldErrors(errors, body, { showInput, declared }) }
    },
  }
}

const grammars = new Map<Dialect, Ajv>()

/** Checks a schema against its dialect's own. What compiles that takes longer than the rest, so it is done once a dialect. */
function checkSchema(schema: SchemaObject, dialect: Dialect): void {
  const grammar = grammars.get(dialect) ?? dialect.create({ strict: false, verbose: true })
  grammars.set(dialect, grammar)
  if (grammar.validate(dialect.id, schema)) return
  const [error] = grammar.errors ?? []
  const place = `#${error?.instancePath ?? ''}`
  const reason = error === undefined ? 'it does not fit' : errorMessage(error, { showInput: true })
  throw invalid(
    place,
    `${reason} (${dialect.id}${schema.$schema === undefined ? `, as it has no $schema` : ''})`,
  )
}

type Compiled = { fits: ValidateFunction; backtracks: boolean }

function compile(schema: SchemaObject, dialect: Dialect, options: Options): Compiled {
  let backtracks = false
  const regExp = (pattern: string): Matcher => {
    try {
      const matcher = compilePattern(pattern)
      backtracks ||= matcher.backtracks
      return matcher
    } catch (error) {
      throw invalid(findPattern(schema, pattern), (error as Error).message, error as Error)
    }
  }
  const ajv = dialect.create({
    ...options,
    strict: false,
    validateSchema: false,
    ownProperties: true,
    verbose: true,
    multipleOfPrecision: 9,
    formats: FORMATS,
    code: { regExp: Object.assign(regExp, { code: 'compilePattern' }) },
    logger: { log() {}, warn: refuse, error() {} },
  })
  useOwnEquality(ajv)
  try {
    // Ajv's own keyword $async would have it return promises.
    const fits = ajv.compile({ ...schema, $schema: dialect.id, $async: false })
    return { fits, backtracks }
  } catch (error) {
    throw notCompiled(schema, error as Error)
  }
}

/** With `strict: false`, Ajv warns of what it ignores: formats that it does not know. */
function refuse(warning: unknown): never {
  throw new Error(String(warning))
}

function notCompiled(schema: SchemaObject, error: Error): InvalidDefinition {
  if (error instanceof InvalidDefinition) return error
  const { message } = error
  const format = /^unknown format "(.*)" ignored/.exec(message)?.[1]
  if (format !== undefined) {
    const place = findPointer(schema, 'format', format)
    return invalid(place, `the format "${format}" is not known: use a pattern, or leave it out`, error)
  }
  const reference = /^can't resolve reference (.*) from id /.exec(message)?.[1]
  if (reference !== undefined) {
    const place = findPointer(schema, '$ref', reference) ?? findPointer(schema, '$dynamicRef', reference)
    return invalid(place, `"${reference}" is not in this schema: put it under $defs or definitions`, error)
  }
  const keyword = /^(?:NOT SUPPORTED: keyword )?"(\$?\w+)"/.exec(message)?.[1]
  return invalid(keyword && findPointer(schema, keyword), message, error)
}

function invalid(place: string | undefined, reason: string, cause?: Error): InvalidDefinition {
  return new InvalidDefinition(
    `The input schema does not compile${place === undefined ? '' : `, at ${place}`}: ${reason}`,
    cause && { cause },
  )
}
