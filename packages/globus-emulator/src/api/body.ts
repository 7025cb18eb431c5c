import type { Static, TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import Value from 'typebox/value'
import { apiError } from '../errors.ts'

/**
 * Makes a reader of request bodies of the form `{"client": {…}}`.
 *
 * @throws ServiceError 400 that names the field, when what is in the envelope is not as the schema says
 */
export function bodyReader<Schema extends TObject>(
  envelope: string,
  schema: Schema,
): (body: unknown) => Static<Schema> {
  const validator = Compile(schema)
  return (body) => {
    const content = (body as Record<string, unknown> | null | undefined)?.[envelope]
    const [error] = validator.Errors(content)
    if (error) throw apiError(400, 'BAD_REQUEST', `${envelope}${error.instancePath}: ${error.message}`)
    // Only what the schema names: a body must not set an id, or whose something is.
    return Value.Clean(schema, structuredClone(content)) as Static<Schema>
  }
}
