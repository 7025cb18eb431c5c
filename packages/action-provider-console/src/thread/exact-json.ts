/**
 * ECMAScript's form of numbers that a double cannot hold: their text, which JSON.stringify writes unchanged.
 */
type RawNumber = { readonly rawJSON: string }
type SourceReviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown
type SourceJSON = {
  parse(text: string, reviver: SourceReviver): unknown
  rawJSON?: (text: string) => RawNumber
  isRawJSON?: (value: unknown) => value is RawNumber
}

const { rawJSON, isRawJSON, parse } = JSON as unknown as SourceJSON

/**
 * Reads JSON without changing a number: a number that JSON.stringify would write in another way keeps its
 * text.
 *
 * @throws SyntaxError
 * @example JSON.stringify(parseExactly('[1, 12345678901234567890, 1.10]')) // '[1,12345678901234567890,1.10]'
 */
export function parseExactly(text: string): unknown {
  if (rawJSON === undefined) return JSON.parse(text)
  return parse(text, (_key, value, context) => {
    const source = context?.source
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value
    return rawJSON(source)
  })
}

/** The text of a number as it was sent; `undefined` for other values. */
export function numberText(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return isRawJSON?.(value) === true ? value.rawJSON : undefined
}
