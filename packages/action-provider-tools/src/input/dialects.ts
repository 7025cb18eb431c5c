import { createRequire } from 'node:module'
import { Ajv, type Options } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvDraft04 from 'ajv-draft-04'
import { InvalidDefinition } from '../errors.ts'

/** A version of JSON Schema: its `$schema`, its number or year, and how to make an Ajv for it. */
export type Dialect = {
  readonly id: string
  readonly version: 4 | 6 | 7 | 2019 | 2020
  create: (options: Options) => Ajv
}

const require = createRequire(import.meta.url)

const DIALECTS: readonly Dialect[] = [
  {
    id: 'https://json-schema.org/draft/2020-12/schema',
    version: 2020,
    create: (options) => new Ajv2020(options),
  },
  {
    id: 'https://json-schema.org/draft/2019-09/schema',
    version: 2019,
    create: (options) => new Ajv2019(options),
  },
  { id: 'http://json-schema.org/draft-07/schema#', version: 7, create: (options) => new Ajv(options) },
  { id: 'http://json-schema.org/draft-06/schema#', version: 6, create: draft06 },
  {
    id: 'http://json-schema.org/draft-04/schema#',
    version: 4,
    create: (options) => new ajvDraft04.default(options),
  },
]

/** Draft-06 is draft-07 without `if`, `then` and `else`. */
function draft06(options: Options): Ajv {
  const ajv = new Ajv(options)
  for (const keyword of ['if', 'then', 'else']) ajv.removeKeyword(keyword)
  return ajv.addMetaSchema(require('ajv/dist/refs/json-schema-draft-06.json'))
}

/**
 * The dialect that a schema names with `$schema`; without one, 2020-12.
 *
 * @throws InvalidDefinition for an unknown dialect
 */
export function dialectOf({ $schema = DIALECTS[0]?.id }: Record<string, unknown>): Dialect {
  const dialect = DIALECTS.find(({ id }) => bare(id) === bare($schema))
  if (dialect !== undefined) return dialect
  throw new InvalidDefinition(
    `The input schema names an unknown dialect, at #/$schema: ${JSON.stringify($schema)}. ` +
      `Use one of ${DIALECTS.map(({ id }) => id).join(', ')}`,
  )
}

/** http and https name the same dialect, with or without the empty fragment. */
function bare(id: unknown): string {
  return String(id)
    .replace(/^https?:/, '')
    .replace(/#$/, '')
}
