import type { Static } from 'typebox'

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
