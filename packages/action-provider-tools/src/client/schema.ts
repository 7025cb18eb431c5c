import type { ActionDetails } from '../documents/action-status.ts'
import { printable } from './failure.ts'

/**
 * A schema of any library that implements Standard Schema (https://standardschema.dev): Zod, Valibot, ArkType
 * and others.
 */
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

/** A schema's output for a value. @throws the error that `refuse` makes of all issues */
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

/** The types of a provider definition: its input and its details. */
export type Typed<Input = unknown, Details = unknown> = {
  readonly '~types'?: { readonly input: Input; readonly details: Details } | undefined
}

/** The input that a caller sends, from the definition of a provider. */
export type InputOf<Definition> =
  Definition extends Typed<infer Input, unknown> ? Known<Input, Record<string, unknown>> : never

/** The details of a successful action, from the definition of a provider. */
export type DetailsOf<Definition> =
  Definition extends Typed<unknown, infer Details> ? Known<Details, ActionDetails> : never

/** The input type of a schema; any object without a schema. */
export type SchemaInput<S> = S extends Schema<infer Input, unknown> ? Input : Record<string, unknown>

/** The output type of a schema; the details of any provider without a schema. */
export type SchemaOutput<S> = S extends Schema<unknown, infer Output> ? Output : ActionDetails

type Known<Type, Otherwise> = unknown extends Type ? Otherwise : Type
