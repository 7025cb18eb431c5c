import type { Static } from 'typebox'
import type { Scrubbing } from '../documents/check.ts'

/**
 * JSON Schema as an object, TypeBox types included. If written inline or `as const`, it determines the type
 * of the input.
 */
export type JsonSchema = object

/**
 * The part of Standard Schema (https://standardschema.dev) and Standard JSON Schema
 * (https://standardschema.dev/json-schema) that an input schema needs. Zod from 4.2 and ArkType from 2.1.28
 * have both; Valibot gets the second from `toStandardJsonSchema`.
 */
export type StandardSchema<Output = unknown> = {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly output: Output } | undefined
    readonly jsonSchema?: { readonly input: (options: { target: string }) => Record<string, unknown> }
  }
}

/** The result of checking a value with a Standard Schema. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

/** An error of a value. Zod adds a code. */
export type StandardIssue = {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
  readonly code?: string
}

/** The schema of a provider's input, as an author gives it. */
export type InputSchema = StandardSchema | JsonSchema

/**
 * The type of the input that a schema accepts: the output of a Standard Schema, or what a JSON Schema or
 * TypeBox type describes. If the schema does not say more, an object of unknown fields.
 *
 * @example
 * type Input = InferInput<typeof schema>
 * const schema = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } as const
 * // { text: string }
 */
export type InferInput<S> =
  S extends StandardSchema<infer Output>
    ? Output
    : S extends { static: infer Type } // @sinclair/typebox 0.34
      ? Type
      : Described<Static<S & object>>

/** The type of the input that a caller sends: before defaults and transforms are applied. */
export type SentInput<S> = S extends {
  readonly '~standard': { readonly types?: { readonly input: infer Input } | undefined }
}
  ? Input
  : InferInput<S>

type Described<Type> = unknown extends Type
  ? Record<string, unknown>
  : Type extends object
    ? keyof Type extends never
      ? Record<string, unknown>
      : Type
    : Type

/** The result of checking an input. Errors are worded as the interface requires. */
export type CheckedInput<Input> = { ok: true; value: Input } | { ok: false; errors: string[] }

/** An input schema, ready to check bodies. */
export type CompiledInput<Input> = {
  /** The `input_schema` of the provider's description. */
  readonly json_schema: Record<string, unknown>
  /**
   * Whether a small body can keep `validate` busy until its time limit. If so, a server checks bodies in a
   * thread of its own. False for a Standard Schema: its library is the author's code, which cannot be sent to
   * another thread.
   */
  readonly mayTakeLong: boolean
  /**
   * Checks a body. Paths in errors begin at the body, as in the Python toolkit: `$.text`, not `$.body.text`.
   * With a Standard Schema, `value` is its output, with defaults and transforms applied.
   */
  validate(
    body: unknown,
    options?: Pick<Scrubbing, 'showInput'>,
  ): CheckedInput<Input> | Promise<CheckedInput<Input>>
}
