import { hasRole } from '../action/access.ts'
import type { ActionStatus } from '../documents/action-status.ts'
import { parseActionStatus, statusDocument } from '../documents/action-status.ts'
import { parseLogPage } from '../documents/log-page.ts'
import type { Callbacks } from '../provider/callbacks.ts'
import type { FoundAction, Operations } from './operations.ts'

/** The operations of a provider with own state. What the callbacks return is checked before it is sent. */
export function ownStateOperations(callbacks: Callbacks<never>): Operations {
  const { resume, log, enumerate } = callbacks
  const document = (status: ActionStatus): string => statusDocument(parseActionStatus(status))

  return {
    async run(auth, request) {
      const answer = await callbacks.run({ auth, request: request as never, input: request.body as never })
      const started = !('repeated' in answer)
      const status = 'repeated' in answer ? answer.repeated : answer
      return { action_id: status.action_id, document: document(status), started }
    },

    async find(auth, action_id) {
      const status = await callbacks.status({ auth, action_id })
      if (status === undefined) return undefined
      const { creator_id, monitor_by, manage_by } = parseActionStatus(status)
      return { creator_id, monitor_by, manage_by, document: document(status) } satisfies FoundAction
    },

    status: (found) => found.document,

    cancel: async (auth, action_id) => document(await callbacks.cancel({ auth, action_id })),

    release: async (auth, action_id) => document(await callbacks.release({ auth, action_id })),

    ...(resume && { resume: async (auth, action_id) => document(await resume({ auth, action_id })) }),

    ...(log && {
      log: async (auth, action_id, query) =>
        JSON.stringify(parseLogPage(await log({ auth, action_id, ...query }))),
    }),

    ...(enumerate && {
      async enumerate(auth, query) {
        const documents: string[] = []
        const checkedIds: string[] = []
        for (const status of await enumerate({ auth, ...query })) {
          const checked = parseActionStatus(status)
          if (query.statuses.has(checked.status) && (await hasRole(auth, checked, query.roles))) {
            documents.push(statusDocument(checked))
            checkedIds.push(checked.action_id)
          }
        }
        const next = checkedIds[query.limit - 1]
        return {
          documents: documents.slice(0, query.limit),
          ...(documents.length > query.limit && next && { next }),
        }
      },
    }),
  }
}
