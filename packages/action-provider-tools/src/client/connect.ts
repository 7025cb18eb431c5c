import type { ActionDetails, ActionStatusValue } from '../documents/action-status.ts'
import type { ProviderDescription } from '../documents/provider-description.ts'
import { RequestValidationError } from '../errors.ts'
import { type Action, createAction, type Judge } from './action.ts'
import { answered, type ConnectOptions, connection, type Question, type Reply } from './connection.ts'
import {
  type OpenApi,
  readActions,
  readDescription,
  readOpenApi,
  readStatus,
  type Status,
} from './documents.ts'
import { failure, UnexpectedAnswer } from './failure.ts'
import { nextQuery, type PagesOptions, pages } from './pages.ts'
import type { RequestOptions } from './repeat.ts'
import type { DetailsOf, InputOf, SchemaInput, SchemaOutput, Typed } from './schema.ts'
import { type Schema, validated } from './schema.ts'

/** The fields of a request besides its input (interface, "ActionRequest"). */
export type RunOptions = RequestOptions & {
  /** Identifies the request for the provider (default: a new UUID). */
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
   * Seconds that the provider may hold its answer, so that the answer to short work is its result. Default 0:
   * `finished` learns of the end as soon, and starting many actions takes no longer.
   */
  wait?: number
}

type AnyCase<Value extends string> = Value | Lowercase<Value>

/** Which actions to list. */
export type ActionsOptions = PagesOptions & {
  /** Default: ACTIVE actions. */
  status?: 'all' | AnyCase<ActionStatusValue> | readonly AnyCase<ActionStatusValue>[]
  /** The caller's role in them (default `creator_id`). */
  role?: Role | readonly Role[]
}
type Role = 'creator_id' | 'monitor_by' | 'manage_by'

/** An action provider as its callers see it. */
export type Provider<Input = Record<string, unknown>, Details = ActionDetails> = {
  readonly url: URL
  /** Its description. A token is sent only if the provider requires one. */
  introspect(options?: RequestOptions): Promise<ProviderDescription>
  /** Its OpenAPI document, which not every provider has. A token is sent only if the provider requires one. */
  openapi(options?: RequestOptions): Promise<OpenApi>
  /**
   * Starts an action, once. The request carries an id, so it can be repeated when an answer is lost.
   *
   * @throws RequestValidationError, before anything is sent, for an input that the given schema refuses
   */
  run(input: Input, options?: RunOptions): Promise<Action<Details>>
  /** An action by its id. This sends no request. */
  action(id: string): Action<Details>
  /**
   * The actions of the caller, page by page, in the order of the provider. The interface requires newest
   * first.
   */
  actions(options?: ActionsOptions): AsyncIterable<Action<Details>>
}

/** Schemas that check input and details, and give them their types. */
export type Schemas<In, Out> = { input?: In; details?: Out }

/**
 * Makes a client of a provider. This sends no request.
 *
 * @throws InvalidArgument for a URL that cannot be a provider's
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

  /** Reads a document that most providers show to everybody. */
  async function shown(question: Question): Promise<Reply> {
    const reply = await provider.ask({ ...question, anonymous: true })
    const isHidden = reply.status === 401 || reply.status === 403
    if (isHidden && provider.hasToken) return answered(provider, question)
    if (reply.status > 299) throw failure(reply)
    return reply
  }

  return {
    url: provider.url,
    introspect: async ({ signal, retry } = {}) => readDescription(await shown({ signal, retry })),
    openapi: async ({ signal, retry } = {}) =>
      readOpenApi(await shown({ path: 'openapi.json', signal, retry })),
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
  return new RequestValidationError(`The input does not fit its schema, so it was not sent: ${issues}`)
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
