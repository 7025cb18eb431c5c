import type { ActionRequest } from '../documents/action-request.ts'
import type { ActionLogEntry } from '../documents/log-page.ts'
import { formatTime } from '../documents/time.ts'
import type { RunContext } from '../provider/run-context.ts'
import type { Attempt } from './attempt.ts'
import { toDetails } from './details.ts'
import { Paused } from './failure.ts'
import type { WorkerContext } from './worker-context.ts'

/** What an author's work is given for one run. */
export function runContext(
  worker: WorkerContext,
  attempt: Attempt,
  action: { creator_id: string; resumed_by?: string | undefined; start_time: string; request: ActionRequest },
  dependentToken: (scope: string) => Promise<string>,
): RunContext<unknown> {
  return {
    input: action.request.body,
    request: action.request,
    action_id: attempt.actionId,
    creator_id: action.creator_id,
    resumed_by: action.resumed_by,
    start_time: action.start_time,
    attempt: attempt.number,
    get signal() {
      return attempt.controller.signal
    },
    progress: (details, displayStatus) => attempt.reports.progress(toDetails(details), displayStatus),
    log: (code, description, details) => {
      if (!worker.provider.description.log_supported) return
      attempt.reports.log(logEntry(worker, code, description, details))
    },
    dependentToken,
    pause: (why) => {
      throw new Paused(why)
    },
    get logger() {
      return worker.log.child({ action_id: attempt.actionId, attempt: attempt.number })
    },
  }
}

/** An entry of an action's log, as of now. */
export function logEntry(
  worker: WorkerContext,
  code: string,
  description: string,
  details?: Record<string, unknown>,
): ActionLogEntry {
  const time = formatTime(worker.now())
  if (details === undefined) return { time, code, description }
  return { time, code, description, details: toDetails(details) as Record<string, unknown> }
}
