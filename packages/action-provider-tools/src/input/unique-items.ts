import type { FuncKeywordDefinition } from 'ajv'

/**
 * `uniqueItems` in time linear in the items. Ajv's own compares objects and arrays pair by pair, which for a body of a megabyte
 * takes minutes.
 */
export const uniqueItems: FuncKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  validate: (wanted: boolean, items: unknown[]) =>
    !wanted || new Set(items.map(identity)).size === items.length,
  error: { message: 'must NOT have duplicate items' },
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
