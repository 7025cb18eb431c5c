import { _, type Ajv, type FuncKeywordDefinition } from 'ajv'

/**
 * The keywords that compare values, in place of Ajv's own. Those compare items pair by pair, which for a body of a megabyte takes
 * minutes, and call `toString` and `valueOf` of what was sent, which may be anything.
 */
export function useOwnEquality(ajv: Ajv): void {
  for (const definition of [uniqueItems, constant, enumeration]) {
    // Draft-04 has no const.
    if (ajv.getKeyword(definition.keyword as string) === false) continue
    ajv.removeKeyword(definition.keyword as string).addKeyword(definition)
  }
}

const uniqueItems: FuncKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  validate: (wanted: boolean, items: unknown[]) =>
    !wanted || new Set(items.map(identity)).size === items.length,
  error: { message: 'must NOT have duplicate items' },
}

const constant: FuncKeywordDefinition = {
  keyword: 'const',
  compile(wanted: unknown) {
    const identityWanted = identity(wanted)
    return (value: unknown) => value === wanted || identity(value) === identityWanted
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
    const identities = new Set(wanted.map(identity))
    return (value: unknown) => identities.has(identity(value))
  },
  error: {
    message: 'must be equal to one of the allowed values',
    params: ({ schemaCode }) => _`{allowedValues: ${schemaCode}}`,
  },
}

/** A text that is the same for values that JSON Schema takes for equal: the order of properties has no meaning. */
function identity(value: unknown): string {
  if (typeof value !== 'object') return JSON.stringify(value)
  return JSON.stringify(value, (_name, child: unknown) =>
    typeof child === 'object' && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).sort(([one], [other]) => (one < other ? -1 : 1)))
      : child,
  )
}
