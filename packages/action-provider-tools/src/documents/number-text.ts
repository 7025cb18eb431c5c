const QUOTE = 0x22
const BACKSLASH = 0x5c
const NUMBER = /-?\d[\d.eE+-]*/y

/**
 * How a number that is a field of a JSON document's root is written; the last one where there are several, as JSON.parse has
 * it. A reviver of JSON.parse is told this too, but takes fifty times as long as the rest of the reading.
 *
 * @param text a valid JSON document
 * @example numberText('{"id":9007199254740993}', 'id') // '9007199254740993', which JSON.parse makes 9007199254740992
 */
export function numberText(text: string, field: string): string | undefined {
  let found: string | undefined
  let depth = 0
  let name = '""'
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === '"') {
      const start = index
      index = endOfString(text, start)
      if (depth === 1) name = text.slice(start, index + 1)
    } else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    else if (depth === 1 && /[-\d]/.test(character)) {
      NUMBER.lastIndex = index
      const [number] = NUMBER.exec(text) ?? ['']
      if (JSON.parse(name) === field) found = number
      index += number.length - 1
    }
  }
  return found
}

function endOfString(text: string, start: number): number {
  let end = start + 1
  for (; text.charCodeAt(end) !== QUOTE; end++) if (text.charCodeAt(end) === BACKSLASH) end++
  return end
}
