import type { Action, Status } from 'action-provider-tools/client'

/** How often an action is asked for, in milliseconds. */
const PACE = 1_000

/** Tells of an action at first and whenever it is another, until it is complete. */
export async function watchAction(
  action: Action,
  signal: AbortSignal,
  tell: (status: Status) => void,
): Promise<void> {
  let told = ''
  while (true) {
    const status = await action.status({ signal })
    const text = JSON.stringify(status)
    if (text !== told) tell(status)
    told = text
    if (status.status === 'SUCCEEDED' || status.status === 'FAILED') return
    await new Promise((resolve) => setTimeout(resolve, PACE))
    signal.throwIfAborted()
  }
}
