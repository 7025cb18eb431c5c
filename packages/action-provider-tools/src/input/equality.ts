import { _, type Ajv, type FuncKeywordDefinition } from 'ajv'
import { canonicalJson } from '../documents/json.ts'

/**
 * Replaces Ajv's keywords that compare values. Ajv compares items pair by pair, which takes minutes for a
 * body of a megabyte. It also calls `toString` and `valueOf` of the input, which a caller may have set.
 */
export function useOwnEquality(ajv: Ajv): void {
  for (const definition of [uniqueItems, constant, enumeration]) {
    // Draft-04 has no `const`.
    if (ajv.getKeyword(definition.keyword as string) === false) continue
    ajv.removeKeyword(definition.keyword as string).addKeyword(definition)
  }
}

const uniqueItems: FuncKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  validate: (wanted: boolean, items: unknown[]) =>
    !wanted || new Set(items.map(canonicalJson)).size === items.length,
  error: { message: 'must NOT have duplicate items' },
}

const constant: FuncKeywordDefinition = {
  keyword: 'const',
  compile(wanted: unknown) {
    const wantedJson = canonicalJson(wanted)
    return (value: unknown) => value === wanted || canonicalJson(value) === wantedJson
  },
  error: {
    message: 'must be equal to constant',
    params: ({ schemaCode }) => _`{allowedValue: ${schemaCode}}`,
  },
}

const enumeration: FuncKeywordDefinition = {
  keyword: 'enum',
  schemaType: 'array',
  compile(wanted: unknown[]) {
    const allowed = new Set(wanted.map(canonicalJson))
    return (value: unknown) => allowed.has(canonicalJson(value))
  },
  error: {
    message: 'must be equal to one of the allowed values',
    params: ({ schemaCode }) => _`{allowedValues: ${schemaCode}}`,
  },
}
