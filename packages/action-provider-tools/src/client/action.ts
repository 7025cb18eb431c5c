import type { ActionDetails } from '../documents/action-status.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import { ActionNotFound } from '../errors.ts'
import { answered, type Connection, type Question, type Reply } from './connection.ts'
import { readLogPage, readStatus, type Status } from './documents.ts'
import { failure } from './failure.ts'
import { finished, onChange, type WaitOptions } from './finished.ts'
import { followLog, type LogOptions } from './follow-log.ts'
import { pages } from './pages.ts'
import { actionPath } from './provider-url.ts'
import type { RequestOptions } from './repeat.ts'
import { type FollowOptions, follow, type Update, type UpdatesOptions } from './updates.ts'

/**
 * An action of a provider. Its methods throw the errors of the interface, NetworkFailure and
 * UnexpectedAnswer.
 */
export type Action<Details = ActionDetails> = {
  readonly id: string
  /** Its status in the last answer. */
  readonly latest: Status<Details> | undefined
  /**
   * For an action that `run` returned: whether the provider had the request before (interface, "Exactly
   * once").
   */
  readonly repeated: boolean | undefined
  /**
   * Asks for its status. With `wait`, a provider that supports it waits up to so many seconds for the end of
   * the action before it answers.
   */
  status(options?: RequestOptions & { wait?: number }): Promise<Status<Details>>
  /**
   * Waits until it is complete, or INACTIVE, because its caller may then have to act. It goes on waiting
   * through network failures and passing failures of the provider.
   */
  finished(options?: WaitOptions<Details>): Promise<Status<Details>>
  /** Cancels it. A lost request is repeated: canceling a complete action changes nothing. */
  cancel(options?: RequestOptions): Promise<Status<Details>>
  /**
   * Resumes an INACTIVE action. The request is repeated only if the provider says that it did not act:
   * otherwise a repetition could end a later pause.
   */
  resume(options?: RequestOptions): Promise<Status<Details>>
  /**
   * Sends an event to its work: any JSON value. A lost request is repeated under the same key, which counts once.
   * @param options.key tells a repetition from another event with the same value (default: a random one)
   */
  send(event: string, value: unknown, options?: RequestOptions & { key?: string }): Promise<Status<Details>>
  /**
   * Releases a complete action: the provider forgets it. A lost request is repeated: releasing twice does no
   * harm.
   */
  release(options?: RequestOptions): Promise<Status<Details>>
  /** The entries of its log, oldest first. Pages are read as the entries are consumed. */
  log(options?: LogOptions<Details>): AsyncIterable<ActionLogEntry>
  /**
   * Yields its updates until it is complete: each entry of its log, and its status at first and at each change. The complete
   * status comes last. If the provider has no updates, the action is polled.
   */
  updates(options?: UpdatesOptions): AsyncIterable<Update<Details>>
}

/** Checks the details of an action that has succeeded. */
export type Judge<Details> = (status: Status, reply: Reply) => Promise<Status<Details>>

/** @throws InvalidArgument for an invalid action id */
export function createAction<Details>(
  connection: Connection,
  id: string,
  judge: Judge<Details>,
  known: { latest?: Status<Details>; repeated?: boolean | undefined } = {},
): Action<Details> {
  let { latest } = known
  const path = (operation: string): string => actionPath(id, operation)
  const statusPath = path('status')

  const hear = async (reply: Reply): Promise<Status<Details>> => {
    latest = await judge(readStatus(reply.json, reply), reply)
    return latest
  }
  const look = async (question: Question): Promise<{ status: Status<Details>; waited: boolean }> => {
    const reply = await answered(connection, { ...question, path: statusPath })
    const waited = /(^|[\s,])wait\b/i.test(reply.headers.get('preference-applied') ?? '')
    return { status: await hear(reply), waited }
  }
  const updates = (options: FollowOptions): AsyncGenerator<Update<Details>> => {
    const { signal, retry } = options
    const read = (since: string | undefined): AsyncGenerator<ActionLogEntry> => log({ signal, retry, since })
    const isKnown = latest !== undefined
    return follow({ connection, path: `actions/${path('updates')}`, isKnown, hear, look, read }, options)
  }
  const change = async (operation: string, question: Question): Promise<Status<Details>> =>
    hear(await answered(connection, { method: 'POST', path: path(operation), ...question }))

  async function* log(options: LogOptions<Details> = {}): AsyncGenerator<ActionLogEntry> {
    const { since, until, newestFirst, signal, retry, maximumPages } = options
    yield* pages(async (marker) => {
      const query = { limit: '100', since, until, marker, ...(newestFirst && { reverse_order: 'true' }) }
      const page = readLogPage(await answered(connection, { path: path('log'), query, signal, retry }))
      return { items: page.entries, next: page.next }
    }, maximumPages)
  }

  return {
    id,
    repeated: known.repeated,
    get latest() {
      return latest
    },
    status: async ({ signal, retry, wait } = {}) => (await look({ signal, retry, wait })).status,
    finished: (options) => finished(updates, latest, options),
    cancel: ({ signal, retry } = {}) => change('cancel', { signal, retry }),
    resume: ({ signal, retry } = {}) => change('resume', { signal, retry, repeats: 'refused' }),
    send: async (event, value, { signal, retry, key = crypto.randomUUID() } = {}) => {
      const to = `actions/${path(`events/${encodeURIComponent(event)}`)}`
      const headers = { 'idempotency-key': key }
      return hear(
        await answered(connection, { method: 'POST', path: to, body: value, headers, signal, retry }),
      )
    },
    async release({ signal, retry } = {}) {
      const reply = await connection.ask({ method: 'POST', path: path('release'), signal, retry })
      const error = reply.status > 299 ? failure(reply) : undefined
      if (error instanceof ActionNotFound && reply.doubtful && latest !== undefined) return latest
      if (error !== undefined) throw error
      return hear(reply)
    },
    log: (options = {}) =>
      options.follow
        ? followLog(updates, () => log({ ...options, newestFirst: false }), options)
        : log(options),
    async *updates({ signal, retry, log = true } = {}) {
      const changed = onChange()
      for await (const update of updates({ signal, retry, log, throughInactive: true })) {
        if (update.type === 'log' || changed(update.status)) yield update
      }
    },
  }
}
