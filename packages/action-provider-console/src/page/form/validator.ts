import { type Schema, Validator } from '@cfworker/json-schema'
import type { RJSFSchema, ValidatorType } from '@rjsf/utils'

/**
 * Finds the branch of a union that an input fits, which the form needs synchronously. It ignores patterns,
 * which may take for ever: the thread does the real check.
 */
export const branchValidator: ValidatorType = {
  validateFormData: () => ({ errors: [], errorSchema: {} }),
  rawValidation: () => ({ errors: [] }),
  isValid(schema, formData, rootSchema) {
    try {
      const { definitions, $defs } = rootSchema as RJSFSchema
      const whole = { ...(definitions && { definitions }), ...($defs && { $defs }), ...schema }
      return new Validator(withoutPatterns(whole) as Schema, '7').validate(formData).valid
    } catch {
      return false
    }
  },
}

function withoutPatterns(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutPatterns)
  if (typeof schema !== 'object' || schema === null) return schema
  const { pattern: _, patternProperties: __, format: ___, ...rest } = schema as Record<string, unknown>
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, withoutPatterns(value)]))
}
