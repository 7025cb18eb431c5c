/**
 * The thread that checks inputs. It does nothing else, because the page ends it if a schema keeps it busy.
 */
import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema'
import { parseExactly } from './exact-json.ts'
import { type Port, type Procedure, peer } from './peer.ts'

/** An error of a field. The path of the root is empty. */
export type FieldError = { path: string[]; message: string }

export type CheckCalls = {
  /** The errors of a JSON text against a schema, also JSON text. */
  check: Procedure<{ schema: string; text: string }, FieldError[]>
}

const calls: CheckCalls = {
  check({ schema: schemaText, text }) {
    const schema = JSON.parse(schemaText) as Schema
    const value: unknown = JSON.parse(text)
    // Numbers that a double cannot hold are no error here: the provider decides.
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

/** Keywords whose errors only repeat those below them. */
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
  // The errors of a union's branches are noise.
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
