import { changeAction } from '../client/action.ts'
import { type CommonOptions, openSession } from '../session.ts'
import { showStatus } from './outcome.ts'

/** `action-provider cancel`: that the action FAILED with it is what was asked for. */
export async function cancel(actionId: string, options: CommonOptions): Promise<void> {
  await change('cancel', actionId, options)
}

/** `action-provider release`: the answer is the last that is seen of the action. */
export async function release(actionId: string, options: CommonOptions): Promise<void> {
  await change('release', actionId, options)
}

async function change(
  operation: 'cancel' | 'release',
  actionId: string,
  options: CommonOptions,
): Promise<void> {
  const session = await openSession(options)
  await showStatus(session.terminal, await changeAction(session.provider(), actionId, operation))
}
