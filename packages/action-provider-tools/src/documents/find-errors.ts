import type { ErrorObject, ValidateFunction } from 'ajv'

/** How many values a document may hold for all of its errors to be found: each may have several. Beyond, the first is. */
const EXPLAINED_VALUES = 10_000

/**
 * Finds what is wrong with a value: all of it, but in time and memory that do not grow with what was sent.
 *
 * @param fits stops at the first error, which is the quickest way to see that there is none
 * @param thorough goes on to the last; compiled when it is first needed
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
