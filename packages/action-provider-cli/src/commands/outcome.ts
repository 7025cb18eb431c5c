import type { ActionStatus } from 'action-provider-tools/client'
import { shellWord, urlOption } from '../client/provider-url.ts'
import { type ExitCode, exitCodes } from '../errors.ts'
import { printable } from '../output/printable.ts'
import type { Terminal } from '../output/terminal.ts'
import { statusTable } from '../output/views.ts'

/** Prints an action. The caller chooses the exit code. */
export async function showStatus(terminal: Terminal, status: ActionStatus): Promise<void> {
  await terminal.result(status, () => statusTable(status))
}

/** Prints an action, says what it waits for, and returns the exit code for its status. */
export async function concludeWith(terminal: Terminal, status: ActionStatus, url: URL): Promise<ExitCode> {
  await showStatus(terminal, status)
  if (status.status === 'FAILED') return exitCodes.failed
  if (status.status !== 'INACTIVE') return exitCodes.fine
  const { description } = (typeof status.details === 'object' ? status.details : {}) as {
    description?: unknown
  }
  const why = typeof description === 'string' ? ` (${printable(description)})` : ''
  terminal.warn(
    `The action waits for you${why}: action-provider resume ${shellWord(status.action_id)} ${urlOption(url)}`,
  )
  return exitCodes.refused
}
