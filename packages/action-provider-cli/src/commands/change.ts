import { type CommonOptions, openSession } from '../session.ts'
import { showStatus } from './outcome.ts'

/** `action-provider cancel`: exits with 0 although the action is FAILED, because the user asked for that. */
export async function cancel(actionId: string, options: CommonOptions): Promise<void> {
  await change('cancel', actionId, options)
}

/** `action-provider release`: prints the last status of the action. */
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
