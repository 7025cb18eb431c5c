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
