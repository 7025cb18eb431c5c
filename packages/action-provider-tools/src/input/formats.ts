import type { Format } from 'ajv'
import { fullFormats } from 'ajv-formats/dist/formats.js'
import { isTime } from '../documents/time.ts'
import { isPattern } from './pattern.ts'

/** How long a `format: regex` may be: it is compiled to see whether it is one. */
const LONGEST_PATTERN = 1_000

/** What the `format`s of input schemas mean; `true` stands for a format that only describes. */
export const FORMATS: Readonly<Record<string, Format>> = {
  ...(fullFormats as Record<string, Format>),
  'date-time': isTime,
  regex: (text: string) => text.length <= LONGEST_PATTERN && isPattern(text),
  url: (text: string) => /^(?:https?|ftp):\/\//i.test(text) && URL.canParse(text),
  byte: (text: string) => /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0,
  // Pickers of the Globus web app.
  'globus-collection': true,
  'globus-principal': true,
  'idn-email': true,
  'idn-hostname': true,
  iri: true,
  'iri-reference': true,
}
