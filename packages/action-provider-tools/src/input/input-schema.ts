import type { Static } from 'typebox'
import type { Scrubbing } from '../documents/check.ts'

/** JSON Schema as an object, TypeBox types included. Written in place or `as const`, it gives the input its type. */
export type JsonSchema = object

/**
 * The part of Standard Schema (https://standardschema.dev) and Standard JSON Schema
 * (https://standardschema.dev/json-schema) that an input schema needs. Zod from 4.2 and ArkType from 2.1.28 have both; Valibot gets the second from `toStandardJsonSchema`.
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

/** What a Standard Schema says of a value. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

/** One thing that is wrong with a value. Zod adds a code. */
export type StandardIssue = {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
  readonly code?: string
}

/** What an author describes the input of a provider with. */
export type InputSchema = StandardSchema | JsonSchema

/**
 * The type of the input that a schema lets through: a Standard Schema's output, or what a JSON Schema or TypeBox
 * type describes; an object of unknown fields where the schema does not say more.
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

/** The type of the input that a caller sends for a schema: before its defaults are filled in and its parts transformed. */
export type SentInput<S> = S extends {
  readonly '~standard': { readonly types?: { readonly input: infer Input } | undefined }
}
  ? Input
  : InferInput<S>

type Described<Type> = Type extends object
  ? keyof Type extends never
    ? Record<string, unknown>
    : Type
  : Record<string, unknown>

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
