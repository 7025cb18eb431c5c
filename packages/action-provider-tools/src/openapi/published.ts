import { parts } from '../input/schema-facts.ts'
import type { Schema } from './input-components.ts'

/** Text in JSON is well-formed but for escapes, and not every engine of patterns knows the class of surrogates. */
const WELL_FORMED = '^\\P{Cs}*$'

/** A schema of our own as others read it: `errorMessage`, which is ours alone, becomes its description. */
export function published(schema: object): Exclude<Schema, boolean> {
  const copy = structuredClone(schema) as Exclude<Schema, boolean>
  for (const [, part] of parts(copy)) {
    const { errorMessage, pattern } = part
    if (pattern === WELL_FORMED) delete part.pattern
    if (typeof errorMessage !== 'string') continue
    delete part.errorMessage
    part.description = errorMessage.replace(/^must be/, 'Is')
  }
  return copy
}
