import { uuidBytes } from '../action/keys.ts'
import { RequestValidationError } from '../errors.ts'

/**
 * Where a page of a list ended: the id of its last action, as 16 bytes. It need not exist any more.
 * @throws RequestValidationError when it is no action id
 */
export function readListMarker(marker: string): Buffer {
  const bytes = uuidBytes(marker)
  if (bytes === undefined) {
    throw new RequestValidationError(
      "Field '$.marker' (category: 'format'): must be the marker of the page before",
    )
  }
  return bytes
}
