import type { Ajv, Format, Options, ValidateFunction } from 'ajv'
import { fullFormats } from 'ajv-formats/dist/formats.js'
import { errorMessage, fieldErrors, findErrors } from '../documents/check.ts'
import { isTime } from '../documents/time.ts'
import { InvalidDefinition } from '../errors.ts'
import { type Dialect, dialectOf } from './dialects.ts'
import { useOwnEquality } from './equality.ts'
import type { CheckedInput, CompiledInput, JsonSchema } from './input-schema.ts'
import { compilePattern, isPattern, type Matcher } from './pattern.ts'
import { multiplies } from './recursion.ts'
import { declaredNames, findPattern, findPointer, type SchemaObject, toJsonSchema } from './schema-facts.ts'
import { tooSlow, withinTime } from './within-time.ts'

/** A compiled JSON Schema, without a time limit on its checks. */
export type JsonSchemaCheck = {
  readonly json_schema: SchemaObject
  /** Whether checking a small body may take very long. */
  readonly mayTakeLong: boolean
  /** Lists the errors of a body, worded as the interface requires. */
  errorsOf: (body: unknown, showInput: boolean) => string[]
}

/**
 * Compiles a JSON Schema of any known dialect. Checks do not change the input: they coerce nothing and fill
 * in no defaults.
 *
 * @throws InvalidDefinition that names the place
 */
export function compileJsonSchema(given: JsonSchema): CompiledInput<unknown> {
  const { json_schema, mayTakeLong, errorsOf } = compileSchemaCheck(given)
  return {
    json_schema,
    mayTakeLong,
    validate(body, { showInput = false } = {}): CheckedInput<unknown> {
      const errors = mayTakeLong ? withinTime(() => errorsOf(body, showInput)) : errorsOf(body, showInput)
      return checkedInput(body, errors)
    },
  }
}

/** The result of a check. `undefined` errors mean that the check was stopped. */
export function checkedInput(body: unknown, errors: string[] | undefined): CheckedInput<unknown> {
  if (errors === undefined) return tooSlow()
  return errors.length === 0 ? { ok: true, value: body } : { ok: false, errors }
}

/**
 * Compiles the check without a time limit.
 *
 * @param ready also compile now what finds all errors (default: with the first invalid body)
 * @throws InvalidDefinition that names the place
 */
export function compileSchemaCheck(given: JsonSchema, { ready = false } = {}): JsonSchemaCheck {
  const json_schema = toJsonSchema(given)
  const dialect = dialectOf(json_schema)
  checkSchema(json_schema, dialect)

  const { fits, backtracks } = compile(json_schema, dialect, { allErrors: false })
  const compileThorough = (): ValidateFunction => compile(json_schema, dialect, { allErrors: true }).fits
  let thorough = ready ? compileThorough() : undefined
  const declared = declaredNames(json_schema)

  return {
    json_schema,
    mayTakeLong: backtracks || multiplies(json_schema),
    errorsOf(body, showInput) {
      const errors = findErrors(body, fits, () => (thorough ??= compileThorough()))
      return errors.length === 0 ? [] : fieldErrors(errors, body, { showInput, declared })
    },
  }
}

const grammars = new Map<Dialect, Ajv>()

/**
 * Checks a schema against its dialect's meta-schema. That is compiled once per dialect, because it takes
 * longer than the schema itself.
 */
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
    // Ajv's own keyword $async would make checks return promises.
    const fits = ajv.compile({ ...schema, $schema: dialect.id, $async: false })
    return { fits, backtracks }
  } catch (error) {
    throw notCompiled(schema, error as Error)
  }
}

/** With `strict: false`, Ajv only warns of unknown formats. */
function refuse(warning: unknown): never {
  throw new Error(String(warning))
}

function notCompiled(schema: SchemaObject, error: Error): InvalidDefinition {
  if (error instanceof InvalidDefinition) return error
  const { message } = error
  const format = /^unknown format "(.*)" ignored/.exec(message)?.[1]
  if (format !== undefined) {
    const place = findPointer(schema, 'format', format)
    return invalid(place, `the format "${format}" is unknown: use a pattern, or remove it`, error)
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

/** The longest text that `format: regex` accepts. The text is compiled to check it. */
const LONGEST_PATTERN = 1_000

/** The `format`s of input schemas. `true` accepts any text. */
const FORMATS: Readonly<Record<string, Format>> = {
  ...(fullFormats as Record<string, Format>),
  'date-time': isTime,
  regex: (text: string) => text.length <= LONGEST_PATTERN && isPattern(text),
  url: (text: string) => /^(?:https?|ftp):\/\//i.test(text) && URL.canParse(text),
  byte: (text: string) => /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0,
  // For input fields of the Globus web app.
  'globus-collection': true,
  'globus-principal': true,
  'idn-email': true,
  'idn-hostname': true,
  iri: true,
  'iri-reference': true,
}
