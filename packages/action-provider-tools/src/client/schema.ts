import type { ActionDetails } from '../documents/action-status.ts'
import { printable } from './failure.ts'

/** A schema of any library that keeps to Standard Schema (https://standardschema.dev): Zod, Valibot, ArkType and others. */
export type Schema<Input = unknown, Output = Input> = {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Result<Output> | Promise<Result<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}
type Result<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] }
type Issue = {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a schema makes of a value. @throws what `refuse` makes of everything that is wrong with it */
export async function validated<Output>(
  schema: Schema<unknown, Output>,
  value: unknown,
  refuse: (issues: string) => Error,
): Promise<Output> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return result.value
  throw refuse(result.issues.map(wording).join('; '))
}

function wording({ message, path = [] }: Issue): string {
  const keys = path.map((step) => String(typeof step === 'object' ? step.key : step))
  return printable(`'${['$', ...keys].join('.')}': ${message}`)
}

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
