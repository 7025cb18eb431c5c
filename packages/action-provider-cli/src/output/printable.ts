import { stripVTControlCharacters } from 'node:util'

/**
 * Control characters and those that change the direction of text: a provider's text could move the cursor, hide what
 * stands before it or set the terminal's title with them.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Somebody else's text on one line, with nothing in it that a terminal would obey. */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\t-\r]+/g, ' ')
    .replace(UNPRINTABLE, '')
    .trim()
}

/** A message of this program that may hold somebody else's words: its lines stay lines. */
export function printableLines(text: string): string {
  return stripVTControlCharacters(text).replace(UNPRINTABLE, (character) =>
    character === '\n' ? character : '',
  )
}

/** A document whose texts are safe in a terminal where the format does not escape them itself; lines stay lines. */
export function printableValue(value: unknown): unknown {
  if (typeof value === 'string') {
    return stripVTControlCharacters(value).replace(UNPRINTABLE, (character) =>
      character === '\n' || character === '\t' ? character : '\ufffd',
    )
  }
  if (Array.isArray(value)) return value.map(printableValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [printable(name), printableValue(field)]),
  )
}

/** JSON in which every character that a terminal would obey is escaped. */
export function printableJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(UNPRINTABLE, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
