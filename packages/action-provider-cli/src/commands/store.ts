import {
  exportStore,
  importStore,
  type MovedStore,
  StoreUnusable,
  verifyExport,
} from 'action-provider-tools/moving'
import { CommandError, type ExitCode, exitCodes, usageError } from '../errors.ts'
import type { Table } from '../output/table.ts'
import { processTerminal, type Terminal, type TerminalOptions } from '../output/terminal.ts'

type StoreOptions = TerminalOptions & { store: string; whileRunning?: boolean }

/** Progress is shown after every so many actions. */
const PROGRESS_EVERY = 50_000

/** `action-provider store export` */
export async function exportActions(file: string, options: StoreOptions): Promise<void> {
  const terminal = processTerminal(options)
  const to = file === '-' ? process.stdout : file
  const moved = await withStoreErrors(
    exportStore(options.store, to, { ...options, ...progressOptions(terminal, 'Exported') }),
  )
  if (file !== '-') await showTotals(terminal, moved)
}

/** `action-provider store import` */
export async function importActions(file: string, options: StoreOptions): Promise<void> {
  const terminal = processTerminal(options)
  const from = file === '-' ? process.stdin : file
  const { already, ...moved } = await withStoreErrors(
    importStore(options.store, from, progressOptions(terminal, 'Imported')),
  )
  if (already) terminal.say('This export was imported before: nothing was changed')
  await showTotals(terminal, moved)
}

/** `action-provider store verify` */
export async function verifyActions(
  file: string,
  options: Partial<StoreOptions> & TerminalOptions,
): Promise<ExitCode> {
  const terminal = processTerminal(options)
  const from = file === '-' ? process.stdin : file
  const { store, whileRunning = false } = options
  const checking = verifyExport(from, store, { whileRunning, ...progressOptions(terminal, 'Read') })
  await showTotals(terminal, await withStoreErrors(checking, exitCodes.failed))
  return exitCodes.fine
}

function progressOptions(terminal: Terminal, done: string): { onProgress: (actions: number) => void } {
  return {
    onProgress(actions) {
      if (actions % PROGRESS_EVERY === 0) terminal.progress(`${done} ${actions.toLocaleString('en')} actions`)
    },
  }
}

/** Converts errors of the store and of files to one line. */
async function withStoreErrors<T>(work: Promise<T>, exitCode: ExitCode = exitCodes.usage): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof StoreUnusable) throw new CommandError(exitCode, error.message, { cause: error })
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== undefined && /^E[A-Z]+$/.test(code)) throw usageError(message, error)
    throw error
  }
}

async function showTotals(terminal: Terminal, moved: MovedStore): Promise<void> {
  terminal.endProgress()
  await terminal.result({ ...moved.totals, sha256: moved.sha256 }, () => table(moved))
}

function table({ totals, sha256 }: MovedStore): Table {
  const { statuses, actions, requests, secrets, jobs, log_entries, steps, events } = totals
  const fields = {
    Actions: actions,
    Requests: requests,
    'Log entries': log_entries,
    Jobs: jobs,
    Steps: steps,
    Events: events,
    Secrets: secrets,
  }
  const rows = Object.entries(statuses).flatMap(([provider, counts]) =>
    Object.entries(counts).map(([status, count]) => [provider, status, String(count)]),
  )
  return {
    kind: 'sections',
    sections: [
      {
        table: {
          kind: 'fields',
          fields: [
            ...Object.entries(fields).map(([name, count]) => [name, String(count)] as const),
            ['SHA-256', sha256],
          ],
        },
      },
      { table: { kind: 'rows', columns: ['Provider', 'Status', 'Actions'], rows, empty: 'No actions' } },
    ],
  }
}
