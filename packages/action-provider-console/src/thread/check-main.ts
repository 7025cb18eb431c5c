/** The thread that checks inputs. It is ended where a schema keeps it busy, so it does nothing else. */
import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema'
import { parseExactly } from './exact-json.ts'
import { type Port, type Procedure, peer } from './peer.ts'

/** What is wrong with a field. The root has no steps. */
export type FieldError = { path: string[]; message: string }

export type CheckCalls = {
  /** What of a JSON text does not fit a schema, as JSON text too. */
  check: Procedure<{ schema: string; text: string }, FieldError[]>
}

const calls: CheckCalls = {
  check({ schema: schemaText, text }) {
    const schema = JSON.parse(schemaText) as Schema
    const value: unknown = JSON.parse(text)
    // Read so that numbers that no double holds are no reason to refuse what the provider may take.
    parseExactly(text)
    const { errors } = new Validator(schema, draftOf(schema), false).validate(value)
    return leaves(errors).slice(0, 50).map(toFieldError)
  },
}

peer(self as Port, calls)

function draftOf({ $schema = '' }: Schema): '4' | '7' | '2019-09' | '2020-12' {
  if (/draft-04/.test($schema)) return '4'
  if (/draft-0[67]/.test($schema)) return '7'
  return /2019-09/.test($schema) ? '2019-09' : '2020-12'
}

/** Keywords that only say that something below them is wrong. */
const ABOVE = new Set([
  'properties',
  'items',
  'additionalItems',
  'prefixItems',
  'allOf',
  '$ref',
  'if',
  'dependentSchemas',
])

function leaves(errors: OutputUnit[]): OutputUnit[] {
  const below = errors.filter(({ keyword }) => !ABOVE.has(keyword))
  const unions = below.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf')
  // What each branch of a union misses is noise.
  const told = below.filter(
    (error) =>
      unions.includes(error) ||
      !unions.some(({ keywordLocation }) => error.keywordLocation.startsWith(`${keywordLocation}/`)),
  )
  return told.length > 0 ? told : errors
}

function toFieldError({ instanceLocation, keyword, error }: OutputUnit): FieldError {
  const path = instanceLocation
    .split('/')
    .slice(1)
    .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
  const missing = keyword === 'required' ? /property "(.*)"\.$/s.exec(error)?.[1] : undefined
  if (missing !== undefined) return { path: [...path, missing], message: 'is required' }
  const unknown = /^(additional|unevaluated)Properties$/.test(keyword)
  if (unknown || (keyword === 'false' && path.length > 0))
    return { path, message: 'is not a field of this input' }
  return { path, message: error.replace(/^(Instance|String|Array|Object|Property) /, '') }
}
