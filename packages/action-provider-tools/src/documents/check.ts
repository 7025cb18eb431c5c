import { Ajv2020 } from 'ajv/dist/2020.js'
import type { XStatic } from 'typebox/schema'
import { isDuration } from './duration.ts'
import { fieldErrors, findErrors, type Scrubbing } from './field-errors.ts'
import { isTime } from './time.ts'

// The schemas are our own and tested, so they are not checked against their meta-schema, whose compilation takes
// longer than all of theirs. `verbose` gives errors their values and schemas, which messages need.
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
 * The fields of a document that its schema has. `null` counts as not given where a field may be left out: the published
 * schemas have no null, but the Python toolkit writes it, and takes it.
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

/** Compiles a schema into a function that says whether a value fits, and of what type it then is. */
export function compileGuard<const Schema extends object>(
  schema: Schema,
): (value: unknown) => value is XStatic<Schema> {
  return quick.compile(schema) as unknown as (value: unknown) => value is XStatic<Schema>
}

/** Compiles a document's schema into a function that lists every error of a value; none means that it fits. */
export function compileCheck(schema: object): (value: unknown, scrubbing?: Scrubbing) => string[] {
  const fits = quick.compile(schema)
  return (value, scrubbing) =>
    fieldErrors(
      findErrors(value, fits, () => thorough.compile(schema)),
      value,
      scrubbing,
    )
}
