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
  const changed = await session.provider().told((calls) => calls.action(actionId)[operation]())
  await showStatus(session.terminal, changed)
}
