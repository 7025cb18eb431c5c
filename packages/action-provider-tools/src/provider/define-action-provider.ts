import type { ActionDetails } from '../documents/action-status.ts'
import { describeProvider, type ProviderDescriptionInput } from '../documents/describe-provider.ts'
import type { ProviderDescription } from '../documents/provider-description.ts'
import { InvalidDefinition } from '../errors.ts'
import { compileInput } from '../input/compile-input.ts'
import type { CompiledInput, InferInput, InputSchema, SentInput } from '../input/input-schema.ts'
import { assertAcceptsObjects } from '../input/schema-facts.ts'
import type { Callbacks } from './callbacks.ts'
import type { Hooks } from './hooks.ts'
import type { RemoteWork, Run } from './run-context.ts'
import type { VersionOptions } from './versions.ts'
import { type CompleteOptions, type WorkOptions, workOptions } from './work-options.ts'

type Common<S extends InputSchema> = {
  /**
   * The answer to introspect. `input_schema` comes from `input`, `globus_auth_scope` from the Auth of the
   * registration.
   */
  description: Omit<ProviderDescriptionInput, 'input_schema' | 'globus_auth_scope'>
  /** JSON Schema in any of five dialects, TypeBox, Zod, or a Standard Schema with JSON Schema. */
  input: S
  /** Scopes whose tokens are accepted like those of the provider's own scope. */
  additionalScopes?: readonly string[]
  /** The name under which its actions are stored: keep it when you change the title (default: the title). */
  namespace?: string
  hooks?: Hooks
  /** Repeat what the caller sent in validation errors (default false). */
  showInputInErrors?: boolean
}

// `undefined` for properties that a kind does not have lets the compiler tell the kinds apart and point at
// the wrong option.

/** A provider with a work function. The library keeps its actions. */
export type ManagedDefinition<S extends InputSchema, D extends ActionDetails = ActionDetails> = Common<S> &
  WorkOptions<InferInput<S>> &
  VersionOptions & {
    run: Run<InferInput<S>, D>
    start?: undefined
    status?: undefined
  }

/** A provider whose work runs in another system. */
export type RemoteDefinition<
  S extends InputSchema,
  Handle = unknown,
  D extends ActionDetails = ActionDetails,
> = Common<S> &
  WorkOptions<InferInput<S>> &
  RemoteWork<InferInput<S>, Handle, D> & { run?: undefined; status?: undefined }

/** A provider with its own state. */
export type CallbackDefinition<S extends InputSchema> = Common<S> &
  Callbacks<InferInput<S>> & { start?: undefined }

type Definition<S extends InputSchema, Handle, D extends ActionDetails = ActionDetails> =
  | ManagedDefinition<S, D>
  | RemoteDefinition<S, Handle, D>
  | CallbackDefinition<S>

/** The kinds of work of a provider. The input is already checked, so its type does not matter here. */
export type Work =
  | { kind: 'run'; run: Run<never>; options: CompleteOptions }
  | { kind: 'remote'; remote: RemoteWork<never, never>; options: CompleteOptions }
  | { kind: 'callbacks'; callbacks: Callbacks<never> }

/** A provider, checked and ready to be registered. Its types give clients the types of input and result. */
export type ActionProvider<Input = unknown, Details = unknown> = {
  /** The answer to introspect, for a given scope. */
  describe: (scope: string) => ProviderDescription
  description: Omit<ProviderDescription, 'globus_auth_scope'>
  input: CompiledInput<unknown>
  additionalScopes: readonly string[]
  namespace: string
  hooks: Hooks
  showInputInErrors: boolean
  work: Work
  /** Only for the compiler; it has no value. */
  readonly '~types'?: { readonly input: Input; readonly details: Details } | undefined
}

/**
 * Makes a provider of a description, an input schema and the work. The work is `run` (the library keeps the
 * actions), `start` and `poll` (it runs in another system), or the callbacks `run`, `status`, `cancel` and
 * `release` (its own state).
 *
 * @throws InvalidDefinition if the description breaks a rule of the interface, or the input schema does not
 * compile
 * @example
 * const echo = defineActionProvider({
 *   description: { title: 'Echo', admin_contact: 'me@example.org', synchronous: true },
 *   input: Type.Object({ text: Type.String() }),
 *   run: ({ input }) => ({ you_said: input.text }),
 * })
 */
export function defineActionProvider<const S extends InputSchema>(
  definition: CallbackDefinition<S>,
): ActionProvider<SentInput<S>>
// The compiler reports errors of the last overload, so this one takes every kind.
export function defineActionProvider<const S extends InputSchema, Handle, D extends ActionDetails>(
  definition: Definition<S, Handle, D>,
): ActionProvider<SentInput<S>, D>
export function defineActionProvider<S extends InputSchema>(
  definition: Definition<S, never>,
): ActionProvider {
  const work = workOf(definition)
  const input = compileInput(definition.input) as CompiledInput<unknown>
  assertAcceptsObjects(input.json_schema)
  const log_supported = logSupport(work, definition.description)
  const describe = (globus_auth_scope: string): ProviderDescription =>
    describeProvider({
      ...definition.description,
      log_supported,
      globus_auth_scope,
      input_schema: input.json_schema,
    })
  const { globus_auth_scope: _, ...description } = describe('to be registered')
  return {
    describe,
    description,
    input,
    additionalScopes: definition.additionalScopes ?? [],
    namespace: definition.namespace ?? description.title,
    hooks: definition.hooks ?? {},
    showInputInErrors: definition.showInputInErrors ?? false,
    work,
  }
}

function workOf<S extends InputSchema>(definition: Definition<S, never>): Work {
  if ('status' in definition && definition.status !== undefined) {
    for (const name of ['run', 'status', 'cancel', 'release'] as const) {
      if (typeof definition[name] !== 'function') {
        throw new InvalidDefinition(`A provider that keeps its own state needs the callback '${name}'`)
      }
    }
    return { kind: 'callbacks', callbacks: definition }
  }
  const options = workOptions(definition)
  if ('start' in definition && definition.start !== undefined) {
    if (typeof definition.start !== 'function' || typeof definition.poll !== 'function') {
      throw new InvalidDefinition("Work in another system needs the functions 'start' and 'poll'")
    }
    return { kind: 'remote', remote: definition, options }
  }
  if (typeof definition.run !== 'function') {
    throw new InvalidDefinition("A provider needs its work: give the function 'run', or 'start' and 'poll'")
  }
  return { kind: 'run', run: definition.run, options }
}

function logSupport(work: Work, description: { synchronous: boolean; log_supported?: boolean }): boolean {
  if (work.kind !== 'callbacks') return description.log_supported ?? !description.synchronous
  const supported = work.callbacks.log !== undefined
  if (description.log_supported === true && !supported) {
    throw new InvalidDefinition(
      "description.log_supported is true but there is no 'log' callback: give one, or leave it out",
    )
  }
  return supported
}
