import { createHash } from 'node:crypto'
import { contentHash, newActionId, requestKey } from '../action/keys.ts'
import * as lifecycle from '../action/lifecycle.ts'
import type { AuthState } from '../auth/auth.ts'
import { isComplete } from '../documents/action-status.ts'
import { parseDuration } from '../documents/duration.ts'
import { canonicalJson } from '../documents/json.ts'
import { ALL_AUTHENTICATED_USERS, LISTS, type Role } from '../documents/principal.ts'
import { parseTime } from '../documents/time.ts'
import { ActionConflict, ActionNotFound } from '../errors.ts'
import { isPromiseLike } from '../promise-like.ts'
import type { ActionStore, Change, CurrentAction, NewAction, StoredAction } from '../store/action-store.ts'
import type { Worker } from '../worker/worker.ts'
import type { ManagedProvider } from '../worker/worker-context.ts'
import type { Ended, Operations } from './operations.ts'

/** The operations of a provider whose actions are kept in a store. */
export function managedOperations(
  provider: ManagedProvider,
  store: ActionStore,
  worker: Worker,
  clock: () => number,
): Operations {
  const { namespace } = provider
  const maximumDeadline = parseDuration(provider.description.maximum_deadline)
  const { synchronous: mustEnd } = provider.description

  async function change(
    actionId: string,
    decide: (action: CurrentAction) => Change | undefined,
  ): Promise<StoredAction> {
    const action = await store.transition(namespace, actionId, decide)
    if (action === undefined) throw new ActionNotFound()
    return action
  }

  const ended =
    ({ action_id, document }: StoredAction, known?: StoredAction): Ended =>
    async (milliseconds, signal, { whileBusy }) => {
      const wait = { signal, mustEnd, whileBusy: whileBusy && !mustEnd, ...(known && { known }) }
      return (await worker.whenNotActive(action_id, milliseconds, wait))?.document ?? document
    }

  return {
    async run(auth, request) {
      const now = clock()
      const action_id = newActionId(now)
      const status = lifecycle.begin(action_id, auth.effectiveIdentity, request, now)
      const deadline_at = request.deadline === undefined ? now + maximumDeadline : parseTime(request.deadline)
      const action: NewAction = {
        action_id,
        provider: namespace,
        request_key: requestKey(namespace, auth.effectiveIdentity, request.request_id),
        content_hash: contentHash(request),
        request,
        status,
        deadline_at,
      }
      const creation = await worker.create(action, auth)
      if (creation.outcome === 'conflict') throw conflict()
      const started = creation.outcome === 'created'
      const { action_id: found, document } = creation.action
      if (creation.action.status !== 'ACTIVE') return { action_id: found, document, started }
      return { action_id: found, document, started, ended: ended(creation.action, creation.action) }
    },

    answerWithin: provider.work.options.answerWithin,

    async repeated(auth, request) {
      const key = requestKey(namespace, auth.effectiveIdentity, request.request_id)
      const found = await store.find(namespace, key, contentHash(request))
      if (found?.outcome === 'conflict') throw conflict()
      return found?.action
    },

    find: (_auth, actionId) => store.known?.(namespace, actionId) ?? store.get(namespace, actionId),

    status(found) {
      const action = found as StoredAction
      const refreshed = worker.refresh(action)
      return isPromiseLike(refreshed) ? refreshed.then((now) => (now ?? action).document) : refreshed.document
    },

    ended: (found) => ended(found as StoredAction),

    follow: (found) => worker.follow((found as StoredAction).action_id),

    async cancel(auth, actionId) {
      const by = auth.username ?? auth.effectiveIdentity.slice(-36)
      const action = await change(actionId, (current) => worker.cancel(current, by))
      if (action.cancel_requested_at !== undefined && !isComplete(action.status)) worker.interrupt(actionId)
      return action.document
    },

    async resume(auth, actionId) {
      for (;;) {
        const found = await store.get(namespace, actionId)
        if (found === undefined) throw new ActionNotFound()
        // Work acts for its creator, so only the creator's token is kept.
        const isCreator = auth.identities.has(found.creator_id)
        const secret = isCreator ? await worker.reseal(actionId, auth) : undefined
        let isStale = false
        const action = await change(actionId, (current) => {
          // State that was sealed after the read must not be overwritten.
          isStale = current.status === 'INACTIVE' && current.version !== found.version
          return isStale ? undefined : lifecycle.resume(current, auth.effectiveIdentity, clock(), secret)
        })
        if (isStale) continue
        worker.nudge()
        return action.document
      }
    },

    ...(provider.work.kind === 'run' && eventOperations(worker)),

    async release(_auth, actionId) {
      return (await change(actionId, lifecycle.release)).document
    },

    ...(provider.description.log_supported && {
      async log(_auth: AuthState, actionId: string, query: Parameters<NonNullable<Operations['log']>>[2]) {
        const page = await store.readLog(namespace, actionId, query)
        // The action was released after it was found.
        if (page === undefined) throw new ActionNotFound()
        const { entries, marker } = page
        return JSON.stringify({
          limit: query.limit,
          has_next_page: marker !== undefined,
          ...(marker !== undefined && { marker }),
          entries,
        })
      },
    }),

    async enumerate(auth, { statuses, roles, limit, marker }) {
      const rows = await store.list(namespace, {
        principals: await principalsByRole(auth, roles),
        statuses: [...statuses],
        limit: limit + 1,
        ...(marker !== undefined && { before: marker }),
      })
      const documents = fittingOnPage(rows.slice(0, limit).map((row) => row.document))
      const last = rows[documents.length - 1]
      return { documents, ...(rows.length > documents.length && last && { next: last.action_id }) }
    },
  }
}

/** The operations that deliver events: from callers who may manage the action, or by a signed URL. */
function eventOperations(worker: Worker): Required<Pick<Operations, 'event' | 'signedEvent'>> {
  return {
    async event(auth, actionId, { event, value, key }) {
      const content = createHash('sha256').update(canonicalJson(value)).digest('hex')
      const deduplicationKey = key === undefined ? ['content', content] : ['key', auth.effectiveIdentity, key]
      const sender = auth.username ?? auth.effectiveIdentity.slice(-36)
      return (await worker.deliver({ actionId, event, value, deduplicationKey, sender })).document
    },
    async signedEvent(actionId, { event, value }, url) {
      if (!worker.isCallback(actionId, event, url)) throw new ActionNotFound()
      const deduplicationKey = ['url', String(url.use)]
      const delivery = { actionId, event, value, deduplicationKey, once: true, sender: 'its callback URL' }
      return (await worker.deliver(delivery)).document
    },
  }
}

/** The most characters of all documents on a page. */
const PAGE_LENGTH = 4 * 1024 * 1024

/**
 * The first documents that fit on a page, at least one. A hundred of the largest documents would take too
 * much memory.
 */
function fittingOnPage(documents: string[]): string[] {
  let length = 0
  const excess = documents.findIndex((document, index) => {
    length += document.length
    return index > 0 && length > PAGE_LENGTH
  })
  return excess === -1 ? documents : documents.slice(0, excess)
}

function conflict(): ActionConflict {
  return new ActionConflict(
    'You have sent this request_id before with other content: use a new request_id, or repeat the same content',
  )
}

/** The caller's principals by role: identities for creator_id, also groups for the two lists. */
async function principalsByRole(
  auth: AuthState,
  roles: ReadonlySet<Role>,
): Promise<Partial<Record<Role, readonly string[]>>> {
  const lists = LISTS.filter((role) => roles.has(role))
  const principals = lists.length > 0 ? [...(await auth.principals()), ALL_AUTHENTICATED_USERS] : []
  return {
    ...(roles.has('creator_id') && { creator_id: [...auth.identities] }),
    ...Object.fromEntries(lists.map((role) => [role, principals])),
  }
}
