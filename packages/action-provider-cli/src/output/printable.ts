import { stripVTControlCharacters } from 'node:util'

/**
 * Control characters, and characters that change the direction of text. With them, a provider's text could
 * move the cursor, hide other text or set the terminal's title.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** Foreign text on one line, without characters that control a terminal. */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/[\t-\r]+/g, ' ')
    .replace(UNPRINTABLE, '')
    .trim()
}

/** A message of this program that may quote foreign text. Line breaks are kept. */
export function printableLines(text: string): string {
  return stripVTControlCharacters(text).replace(UNPRINTABLE, (character) =>
    character === '\n' ? character : '',
  )
}

/** A document made safe for a terminal, for formats that do not escape texts. Line breaks are kept. */
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

/** JSON in which all characters that control a terminal are escaped. */
export function printableJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(UNPRINTABLE, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
