import type { Scrubbing } from '../documents/field-errors.ts'
import type { InferInput, InputSchema, StandardSchema } from './input-schema.ts'
import { compileJsonSchema } from './json-schema.ts'
import { compileStandardSchema } from './standard-schema.ts'

/** What checking an input came to. Errors are worded as the interface wants them. */
export type CheckedInput<Input> = { ok: true; value: Input } | { ok: false; errors: string[] }

/** An input schema, ready to check bodies. */
export type CompiledInput<Input> = {
  /** What the provider's description shows as `input_schema`. */
  readonly json_schema: Record<string, unknown>
  /**
   * Whether a small body may keep `validate` busy until it is stopped: then a server has it checked in a thread of its own.
   * False for a Standard Schema, since its library is the author's code, which cannot be sent to another thread.
   */
  readonly mayTakeLong: boolean
  /**
   * Checks a body. Paths in errors begin at the body, as the Python toolkit has them: `$.text`, not `$.body.text`.
   * With a Standard Schema, `value` is its output: defaults are filled in and transforms done.
   */
  validate(
    body: unknown,
    options?: Pick<Scrubbing, 'showInput'>,
  ): CheckedInput<Input> | Promise<CheckedInput<Input>>
}

/**
 * Compiles what an author describes the input with.
 *
 * @throws InvalidDefinition when it does not compile, names a dialect that is not known, refers to another document,
 * or cannot be shown as JSON Schema; its text names the place
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
