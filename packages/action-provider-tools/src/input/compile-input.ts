import type { CompiledInput, InferInput, InputSchema, StandardSchema } from './input-schema.ts'
import { compileJsonSchema } from './json-schema.ts'
import { compileStandardSchema } from './standard-schema.ts'

/**
 * Compiles an author's input schema.
 *
 * @throws InvalidDefinition, which names the place, if the schema does not compile, names an unknown dialect,
 * refers to another document, or cannot be expressed as JSON Schema
 * @example
 * const input = compileInput({ type: 'object', properties: { text: { type: 'string' } }, required: ['text'] })
 * await input.validate({ text: 'hi' }) // { ok: true, value: { text: 'hi' } }
 * await input.validate({}) // { ok: false, errors: ["Field '$' (category: 'required'): must have required property 'text'"] }
 */
export function compileInput<const S extends InputSchema>(schema: S): CompiledInput<InferInput<S>> {
  const compiled = isStandardSchema(schema) ? compileStandardSchema(schema) : compileJsonSchema(schema)
  return compiled as CompiledInput<InferInput<S>>
}

function isStandardSchema(schema: InputSchema): schema is StandardSchema {
  return '~standard' in schema
}
