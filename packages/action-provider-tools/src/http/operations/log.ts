import type { Served } from '../plugin.ts'
import { logParameters, type Query } from '../query.ts'
import { onAction } from './on-action.ts'

/** A page of what happened to an action (interface, log). */
export const logHandler = (
  served: Served,
  log: NonNullable<Served['operations']['log']>,
): ReturnType<typeof onAction> =>
  onAction(served, 'see', ({ auth, actionId, request }) =>
    log(auth, actionId, logParameters(request.query as Query)),
  )
