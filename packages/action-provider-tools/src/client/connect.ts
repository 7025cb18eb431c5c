import type { ActionDetails, ActionStatusValue } from '../documents/action-status.ts'
import type { ProviderDescription } from '../documents/provider-description.ts'
import { RequestValidationError } from '../errors.ts'
import { type Action, createAction, type Judge } from './action.ts'
import { answered, type ConnectOptions, connection } from './connection.ts'
import { readActions, readDescription, readStatus, type Status } from './documents.ts'
import { failure, UnexpectedAnswer } from './failure.ts'
import { nextQuery, type PagesOptions, pages } from './pages.ts'
import type { RequestOptions } from './repeat.ts'
import type { DetailsOf, InputOf, SchemaInput, SchemaOutput, Typed } from './schema.ts'
import { type Schema, validated } from './schema.ts'

/** What a request to start an action may hold beside its input (interface, "ActionRequest"). */
export type RunOptions = RequestOptions & {
  /** What the provider knows the request by; made where it is not given. */
  request_id?: string
  label?: string
  monitor_by?: readonly string[]
  manage_by?: readonly string[]
  allowed_clients?: readonly ('public' | 'globus' | 'creator')[]
  /** RFC 3339. */
  deadline?: string
  /** An ISO 8601 duration, or seconds. */
  release_after?: string | number
  /**
   * Seconds that the provider may hold its answer, so that it is the result of work that is short (default 0: `finished` hears of
   * the end as soon, and starting many takes no longer).
   */
  wait?: number
}

type AnyCase<Value extends string> = Value | Lowercase<Value>

/** Which actions to list. */
export type ActionsOptions = PagesOptions & {
  /** Default: those that are ACTIVE. */
  status?: 'all' | AnyCase<ActionStatusValue> | readonly AnyCase<ActionStatusValue>[]
  /** What its caller is to them (default `creator_id`). */
  role?: Role | readonly Role[]
}
type Role = 'creator_id' | 'monitor_by' | 'manage_by'

/** An action provider as its callers see it. */
export type Provider<Input = Record<string, unknown>, Details = ActionDetails> = {
  readonly url: URL
  /** What it says of itself. No token is sent where it answers without one. */
  introspect(options?: RequestOptions): Promise<ProviderDescription>
  /**
   * Starts an action, once: the request goes with an id of its own, so that it can be repeated when an answer is lost.
   *
   * @throws RequestValidationError, before anything is sent, for an input that the given schema does not take
   */
  run(input: Input, options?: RunOptions): Promise<Action<Details>>
  /** An action by its id. Nothing is asked for yet. */
  action(id: string): Action<Details>
  /** The actions of its caller, page by page, in the order of the provider: newest first, says the interface. */
  actions(options?: ActionsOptions): AsyncIterable<Action<Details>>
}

/** Schemas that input and details are checked against, and get their types from. */
export type Schemas<In, Out> = { input?: In; details?: Out }

/**
 * Makes a client of a provider. Nothing is asked for yet.
 *
 * @throws InvalidArgument for what is no URL of a provider
 * @example
 * const provider = connect<typeof watchasay>('https://example.org/skeleton', { token })
 * const action = await provider.run({ input_string: 'hey' }, { label: 'nightly' })
 * const done = await action.finished()
 */
export function connect<Definition extends Typed = Typed>(
  url: string | URL,
  options?: ConnectOptions,
): Provider<InputOf<Definition>, DetailsOf<Definition>>
export function connect<
  In extends Schema | undefined = undefined,
  Out extends Schema | undefined = undefined,
>(url: string | URL, options: ConnectOptions & Schemas<In, Out>): Provider<SchemaInput<In>, SchemaOutput<Out>>
export function connect(
  givenUrl: string | URL,
  options: ConnectOptions & Schemas<Schema, Schema> = {},
): Provider<unknown, unknown> {
  const provider = connection(givenUrl, options)
  const judge = judgeWith(options.details)
  const actionOf = (latest: Status<unknown>, repeated?: boolean): Action<unknown> =>
    createAction(provider, latest.action_id, judge, { latest, repeated })

  async function* actions({ status = 'ACTIVE', role = 'creator_id', ...more }: ActionsOptions = {}) {
    const statuses = status === 'all' ? ['active', 'inactive', 'succeeded', 'failed'] : [status].flat()
    const first = new URLSearchParams({ status: statuses.join().toLowerCase(), roles: [role].flat().join() })
    const { signal, retry, maximumPages } = more
    yield* pages(async (next) => {
      const query = next === undefined ? first : new URLSearchParams(next)
      const reply = await answered(provider, { path: 'actions', query, signal, retry })
      const statuses = await Promise.all(readActions(reply).map((each) => judge(each, reply)))
      return {
        items: statuses.map((each) => actionOf(each)),
        next: nextQuery(reply.headers.get('link'), reply.url),
      }
    }, maximumPages)
  }

  return {
    url: provider.url,
    async introspect({ signal, retry } = {}) {
      let reply = await provider.ask({ signal, retry, anonymous: true })
      if (provider.hasToken && (reply.status === 401 || reply.status === 403))
        reply = await provider.ask({ signal, retry })
      if (reply.status > 299) throw failure(reply)
      return readDescription(reply)
    },
    async run(input, { signal, retry, wait = 0, request_id = crypto.randomUUID(), ...request } = {}) {
      if (options.input !== undefined) await validated(options.input, input, inputError)
      const body = { request_id, ...request, body: input }
      const reply = await answered(provider, { method: 'POST', path: 'run', body, signal, retry, wait })
      return actionOf(
        await judge(readStatus(reply.json, reply), reply),
        reply.status === 200 && !reply.doubtful,
      )
    },
    action: (id) => createAction(provider, id, judge),
    actions,
  }
}

function inputError(issues: string): RequestValidationError {
  return new RequestValidationError(`The input was not sent, as it does not fit its schema: ${issues}`)
}

function judgeWith(schema: Schema | undefined): Judge<unknown> {
  return async (status, reply) => {
    if (schema === undefined || status.status !== 'SUCCEEDED') return status
    const details = await validated(schema, status.details, (issues) => {
      const { action_id } = status
      return new UnexpectedAnswer(
        reply.status,
        `The details of ${action_id} do not fit their schema: ${issues}`,
      )
    })
    return { ...status, details }
  }
}
