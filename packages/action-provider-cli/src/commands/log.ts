import { gathered } from '../client/gathered.ts'
import { type ExitCode, exitCodes, usageError } from '../errors.ts'
import { printable, printableJson } from '../output/printable.ts'
import { logLine } from '../output/views.ts'
import { type CommonOptions, openSession } from '../session.ts'
import { progressOn, untilInterrupted } from './watch.ts'

type LogOptions = CommonOptions & {
  watch?: boolean
  limit?: number
  reverse?: boolean
  since?: string
  until?: string
}

/** `action-provider log` */
export async function log(actionId: string, options: LogOptions): Promise<ExitCode> {
  const { terminal, provider: open } = await openSession(options)
  const provider = open()
  if ((await provider.describe()).log_supported === false) {
    throw usageError(
      `${provider.url.href} keeps no log of its actions: "action-provider status" shows how they are`,
    )
  }
  if (!options.watch) {
    const { limit = Number.POSITIVE_INFINITY, reverse: newestFirst = false, since, until } = options
    const { items: entries, more } = await provider.told((calls) =>
      gathered(limit, (bounds) => calls.action(actionId).log({ newestFirst, since, until, ...bounds })),
    )
    await terminal.result(entries, () => ({
      kind: 'rows',
      columns: ['TIME', 'CODE', 'DESCRIPTION', 'DETAILS'],
      rows: entries.map(({ time, code, description, details }) => [
        printable(String(time)),
        printable(String(code)),
        printable(String(description)),
        details ? printableJson(details, 0) : '',
      ]),
      empty: 'The log has no entries.',
    }))
    if (more) terminal.warn('There are more entries, which are not shown: give --limit, --since or --until')
    return exitCodes.fine
  }
  const action = await provider.told(async (calls) => calls.action(actionId))
  const status = await untilInterrupted(provider, terminal, action, async (signal) => {
    const following = { follow: true, since: options.since, signal, onProgress: progressOn(terminal) }
    for await (const entry of action.log(following)) terminal.item(entry, () => logLine(entry))
    return action.latest ?? action.status({ signal })
  })
  if (status.status === 'INACTIVE') return exitCodes.refused
  return status.status === 'FAILED' ? exitCodes.failed : exitCodes.fine
}
