import type { ErrorObject, ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { XStatic } from 'typebox/schema'
import { ActionProviderError, RequestValidationError } from '../errors.ts'
import { isDuration } from './duration.ts'
import { isTime } from './time.ts'

// These schemas are part of the library and tested. Checking them against their meta-schema would take longer
// than compiling them all. `verbose` adds values and schemas to errors: the messages need them.
const options = {
  ownProperties: true,
  verbose: true,
  meta: false,
  validateSchema: false,
  strictTypes: false,
  keywords: ['errorMessage'],
  formats: { 'date-time': isTime, duration: isDuration },
}
const quick = new Ajv2020(options)
const thorough = new Ajv2020({ ...options, allErrors: true })

/**
 * Keeps the fields of a document that its schema has. In an optional field, `null` counts as absent: the
 * published schemas have no null, but the Python toolkit writes and accepts it.
 */
export function knownFields(
  document: unknown,
  { properties, required }: { properties: object; required: readonly string[] },
): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document
  return Object.fromEntries(
    Object.entries(document).filter(
      ([name, value]) => Object.hasOwn(properties, name) && (value !== null || required.includes(name)),
    ),
  )
}

/** Compiles a schema into a type guard. */
export function compileGuard<const Schema extends object>(
  schema: Schema,
): (value: unknown) => value is XStatic<Schema> {
  return quick.compile(schema) as unknown as (value: unknown) => value is XStatic<Schema>
}

/** Compiles a document's schema into a function that lists all errors of a value. */
export function compileCheck(schema: object): (value: unknown, scrubbing?: Scrubbing) => string[] {
  const fits = quick.compile(schema)
  return (value, scrubbing) =>
    fieldErrors(
      findErrors(value, fits, () => thorough.compile(schema)),
      value,
      scrubbing,
    )
}

/**
 * Reads a document that an author's code returned. An error in it is the provider's fault: the log names
 * every field, the caller gets no details.
 *
 * @param errorsOf lists the errors of the document as JSON
 * @throws ActionProviderError
 */
export function parseProviderDocument(
  name: string,
  value: unknown,
  schema: Parameters<typeof knownFields>[1],
  errorsOf: (document: unknown) => string[],
): unknown {
  const document = knownFields(asJson(name, value), schema)
  const errors = errorsOf(document)
  if (errors.length > 0) throw faulty(`The provider gave no valid ${name}. ${errors.join('; ')}`)
  return document
}

/** The value as it will be sent. JSON has no cycles, BigInts, functions or undefined. */
function asJson(name: string, value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value))
  } catch (error) {
    throw faulty(`The provider gave an ${name} that is not JSON`, error)
  }
}

function faulty(message: string, cause?: unknown): ActionProviderError {
  return new ActionProviderError(undefined, { cause: new Error(message, { cause }) })
}

const LISTED = 50

/** Messages for formats, because Ajv's own only repeat the name. */
const FORMATS: Record<string, string> = {
  'date-time': 'must be an RFC 3339 time with its offset, such as "2030-01-31T12:00:00Z"',
  regex: 'must be an ECMAScript regular expression of at most 1,000 characters',
  duration: 'must be an ISO 8601 duration, such as "PT1H" or "P30D"',
}

/** How much of the input an error may repeat. */
export type Scrubbing = {
  /** Repeat values and unknown property names (default false). */
  showInput?: boolean
  /** The property names in the schema, which errors may show. Without it, errors may show all names. */
  declared?: ReadonlySet<string>
}

/**
 * One error as the interface words it ("Codes", 422).
 *
 * @example fieldError('$.label', 'minLength', 'must NOT have fewer than 1 characters')
 * // "Field '$.label' (category: 'minLength'): must NOT have fewer than 1 characters"
 */
export function fieldError(path: string, category: string, message: string): string {
  return `Field '${path}' (category: '${category}'): ${message}`
}

/** Words the first fifty errors and counts the rest: an answer stays short, whatever was sent. */
export function listErrors<E>(errors: readonly E[], word: (error: E) => string): string[] {
  const listed = errors.slice(0, LISTED).map(word)
  const more = errors.length - listed.length
  return more > 0 ? [...listed, `and ${more} more`] : listed
}

/** One error answer that lists all errors of a document. */
export function validationError(errors: readonly string[]): RequestValidationError {
  return new RequestValidationError(errors.join('; '))
}

/** Words Ajv's errors. By default they name what the schema requires and repeat nothing of the input. */
export function fieldErrors(
  errors: readonly ErrorObject[],
  document: unknown,
  scrubbing: Scrubbing = {},
): string[] {
  return listErrors(errors, (error) =>
    fieldError(
      jsonPath(pointerSegments(error.instancePath), document, scrubbing),
      error.keyword,
      errorMessage(error, scrubbing),
    ),
  )
}

/**
 * A path in the notation of JSONPath (RFC 9535), as the Python toolkit prints it; `*` stands for a scrubbed
 * name.
 */
export function jsonPath(
  segments: readonly PropertyKey[],
  document: unknown,
  { showInput = false, declared }: Scrubbing = {},
): string {
  let path = '$'
  let value = document
  for (const segment of segments) {
    const name = String(segment)
    if (Array.isArray(value)) path += `[${name}]`
    else if (!showInput && declared !== undefined && !declared.has(name)) path += '.*'
    else path += /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
    value = child(value, name)
  }
  return path
}

/** The segments of a JSON pointer (RFC 6901). */
export function pointerSegments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function child(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}

/** Words one of Ajv's errors, without its path. */
export function errorMessage(error: ErrorObject, { showInput = false }: Scrubbing = {}): string {
  const subject = error.propertyName === undefined ? '' : 'its property names '
  return subject + statement(error) + (showInput ? received(error) : '')
}

function statement({ keyword, params, message, parentSchema }: ErrorObject): string {
  switch (keyword) {
    case 'enum':
      return `must be one of ${shorten(params.allowedValues.map((value: unknown) => JSON.stringify(value)).join(', '))}`
    case 'const':
      return `must be ${shorten(JSON.stringify(params.allowedValue))}`
    case 'format':
      return FORMATS[params.format] ?? `must match format "${params.format}"`
    case 'pattern':
      return typeof parentSchema?.errorMessage === 'string'
        ? parentSchema.errorMessage
        : `must match pattern ${shorten(JSON.stringify(params.pattern))}`
    default:
      return message ?? 'does not fit the schema'
  }
}

function received({ keyword, params, data }: ErrorObject): string {
  switch (keyword) {
    case 'required':
    case 'dependentRequired':
      return ''
    case 'additionalProperties':
      return `: ${JSON.stringify(params.additionalProperty)}`
    case 'unevaluatedProperties':
      return `: ${JSON.stringify(params.unevaluatedProperty)}`
    default:
      return `, not ${shorten(JSON.stringify(data))}`
  }
}

function shorten(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`
}

/**
 * Up to this many values in a document, all errors are found; in a larger one, only the first. Each value may
 * have several.
 */
const EXPLAINED_VALUES = 10_000

/**
 * Finds the errors of a value, within time and memory that do not grow with the input.
 *
 * @param fits stops at the first error: the quickest check of a valid value
 * @param thorough finds all errors; it is compiled when it is first needed
 */
export function findErrors(
  value: unknown,
  fits: ValidateFunction,
  thorough: () => ValidateFunction,
): ErrorObject[] {
  if (fits(value)) return []
  if (isLarge(value)) return fits.errors ?? []
  const validate = thorough()
  validate(value)
  return validate.errors ?? []
}

function isLarge(document: unknown): boolean {
  let left = EXPLAINED_VALUES
  const count = (value: unknown): boolean => {
    if (--left < 0) return true
    return typeof value === 'object' && value !== null && Object.values(value).some(count)
  }
  return count(document)
}
