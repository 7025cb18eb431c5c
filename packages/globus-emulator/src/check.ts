import type { Static, TObject, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { TLocalizedValidationError } from 'typebox/error'
import Value from 'typebox/value'
import { badRequest } from './errors.ts'

/**
 * Makes a function that checks a value against a schema.
 *
 * @param refuse makes the error to throw, from the name of the field and what is wrong with it
 * @returns a function that gives the value as it came, or throws
 * @example
 * const read = checker(Type.Object({ name: Type.String() }), (problem) => new Error(problem))
 * read({ name: 5 }) // throws Error: name must be a string
 */
export function checker<Schema extends TSchema>(
  schema: Schema,
  refuse: (problem: string) => Error,
): (value: unknown) => Static<Schema> {
  const validator = Compile(schema)
  return (value) => {
    const errors = validator.Errors(value)
    if (errors.length > 0) throw refuse(inWords(errors))
    return value as Static<Schema>
  }
}

/**
 * Makes a reader of request bodies of the form `{"client": {…}}`.
 *
 * @throws ServiceError 400 that names the field, when the content is not as the schema says
 */
export function bodyReader<Schema extends TObject>(
  envelope: string,
  schema: Schema,
): (body: unknown) => Static<Schema> {
  const check = checker(schema, (problem) => badRequest(`${envelope}: ${problem}`))
  return (body) => {
    const content = check((body as Record<string, unknown> | null | undefined)?.[envelope])
    // Fields that the schema does not name are dropped: a body must not set an id, or an owner.
    return Value.Clean(schema, structuredClone(content)) as Static<Schema>
  }
}

const types: Record<string, string> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  null: 'null',
  number: 'a number',
  object: 'an object',
  string: 'a string',
}

/** Describes the error of the innermost field. */
function inWords(errors: readonly TLocalizedValidationError[]): string {
  const depth = ({ instancePath }: TLocalizedValidationError): number => instancePath.split('/').length
  const [first] = errors.toSorted((one, other) => depth(other) - depth(one))
  if (!first) return ''
  const field = first.instancePath.slice(1)
  const at = field ? `${field} ` : ''
  switch (first.keyword) {
    case 'type': {
      // A field of several types gives an error for each.
      const same = errors.filter(
        ({ keyword, instancePath }) => keyword === 'type' && instancePath === first.instancePath,
      )
      const allowed = same.map(({ params }) => types[String((params as { type: unknown }).type)])
      return `${at}must be ${[...new Set(allowed)].join(' or ')}`
    }
    case 'required':
      return `${field ? `${field}/` : ''}${first.params.requiredProperties.join(', ')} is missing`
    case 'enum':
      return `${at}must be one of ${first.params.allowedValues.join(', ')}`
    case 'exclusiveMinimum':
      return `${at}must be above ${first.params.limit}`
    case 'boolean':
      return `${field} is not a known field`
    default:
      return `${at}${first.message}`
  }
}
