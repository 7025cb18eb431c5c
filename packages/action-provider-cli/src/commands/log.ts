import type { ActionLogEntry, ActionLogPage } from 'action-provider-tools/client'
import { readPages } from '../client/pages.ts'
import { answered, type Provider } from '../client/provider.ts'
import { actionPath } from '../client/provider-url.ts'
import { type ExitCode, exitCodes, unavailableError, usageError } from '../errors.ts'
import { printable, printableJson } from '../output/printable.ts'
import { logLine } from '../output/views.ts'
import { type CommonOptions, openSession } from '../session.ts'
import { watch } from './watch.ts'

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
    const { items: entries, more } = await read(provider, actionId, options)
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
  const printed = new Set<string>()
  let since = options.since
  const onLook = async (): Promise<void> => {
    // Entries of the same moment may come later: what is asked for again is known by its content.
    const { items } = await read(provider, actionId, { ...(since !== undefined && { since }) })
    for (const entry of items) {
      const key = JSON.stringify(entry)
      if (!printed.has(key)) terminal.item(entry, () => logLine(entry))
      printed.add(key)
      since = entry.time
    }
  }
  const status = await watch(provider, terminal, actionId, { onLook })
  if (status.status === 'INACTIVE') return exitCodes.refused
  return status.status === 'FAILED' ? exitCodes.failed : exitCodes.fine
}

async function read(
  provider: Provider,
  actionId: string,
  { limit = Number.POSITIVE_INFINITY, reverse, since, until }: Omit<LogOptions, 'watch'>,
): Promise<{ items: ActionLogEntry[]; more: boolean }> {
  const { items, more } = await readPages(
    limit,
    (size, marker) =>
      answered(provider, {
        path: actionPath(actionId, 'log'),
        query: {
          limit: String(size),
          ...(reverse && { reverse_order: 'true' }),
          since,
          until,
          marker,
        },
      }),
    ({ json }) => {
      const { entries, has_next_page, marker } = json as Partial<ActionLogPage>
      if (!Array.isArray(entries)) {
        throw unavailableError(`${provider.url.href} answered with what is no log: tell its admin_contact`)
      }
      return {
        items: entries.filter((entry) => typeof entry === 'object' && entry !== null),
        next: has_next_page ? marker : undefined,
      }
    },
  )
  return { items: items.slice(0, limit), more }
}
