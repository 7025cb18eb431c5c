import type { ActionDetails } from '../documents/action-status.ts'
import type { Schema } from './schema.ts'

/** What `defineActionProvider` gives, as far as types go: what its input and its details are. */
export type Typed<Input = unknown, Details = unknown> = {
  readonly '~types'?: { readonly input: Input; readonly details: Details } | undefined
}

/** What a caller sends to a provider: the input of its definition. */
export type InputOf<Definition> =
  Definition extends Typed<infer Input, unknown> ? Known<Input, Record<string, unknown>> : never

/** What an action of a provider comes to: the details of its definition. */
export type DetailsOf<Definition> =
  Definition extends Typed<unknown, infer Details> ? Known<Details, ActionDetails> : never

/** What a schema takes; any object where there is none. */
export type SchemaInput<S> = S extends Schema<infer Input, unknown> ? Input : Record<string, unknown>

/** What a schema gives; the details of any provider where there is none. */
export type SchemaOutput<S> = S extends Schema<unknown, infer Output> ? Output : ActionDetails

type Known<Type, Otherwise> = unknown extends Type ? Otherwise : Type
