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

/** An action of a provider. Each of its methods throws the errors of the interface, NetworkFailure and UnexpectedAnswer. */
export type Action<Details = ActionDetails> = {
  readonly id: string
  /** Its status when something was last heard of it. */
  readonly latest: Status<Details> | undefined
  /** Of what `run` gave: whether the provider had the request before (interface, "Exactly once"). */
  readonly repeated: boolean | undefined
  /** Asks how it is. With `wait`, a provider that can waits up to so many seconds for its end before it answers. */
  status(options?: RequestOptions & { wait?: number }): Promise<Status<Details>>
  /**
   * Waits until it is complete, or INACTIVE, as its caller may have to help it on then. A lost network, and a provider that
   * fails for a while, only slow it down.
   */
  finished(options?: WaitOptions<Details>): Promise<Status<Details>>
  /** Asks for its end. Repeated where it gets lost: an action that is complete stays as it is. */
  cancel(options?: RequestOptions): Promise<Status<Details>>
  /** Lets one that is INACTIVE go on. Repeated only where the provider says that it did not: a later pause is another. */
  resume(options?: RequestOptions): Promise<Status<Details>>
  /** Lets the provider forget one that is complete. Repeated where it gets lost: gone is gone. */
  release(options?: RequestOptions): Promise<Status<Details>>
  /** The entries of its log, oldest first, each read when its turn comes. */
  log(options?: LogOptions<Details>): AsyncIterable<ActionLogEntry>
  /**
   * Tells of it until it is complete: each entry of its log, and how it is at first and whenever that is another, the complete
   * status last. From any provider: where it has no updates it is asked at intervals.
   */
  updates(options?: UpdatesOptions): AsyncIterable<Update<Details>>
}

/** Checks the details of an action that has succeeded. */
export type Judge<Details> = (status: Status, reply: Reply) => Promise<Status<Details>>

/** @throws InvalidArgument for what cannot be an action's id */
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
