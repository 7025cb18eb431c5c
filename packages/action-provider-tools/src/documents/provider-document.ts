import { ActionProviderError } from '../errors.ts'
import { knownFields } from './check.ts'

/**
 * Reads a document that an author's code made. What is wrong with it is the provider's fault: the caller learns
 * nothing of it, the log gets every field.
 *
 * @param errorsOf lists what is wrong with the document as JSON
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

/** The value as it will be sent. Cycles and BigInts are no JSON; neither is a function or undefined. */
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
