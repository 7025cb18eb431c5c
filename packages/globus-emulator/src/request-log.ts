import type { Writable } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'

type Answered = { method: string; path: string; status: number; milliseconds: number; reason?: string }

/** A log with a line for each answer, and for each error of the emulator itself. Queries and bodies stay out. */
export function requestLog(output: Writable): FastifyBaseLogger {
  const silent = (): void => {}
  const answered = (entry: unknown): void => {
    const { method, path, status, milliseconds, reason } = entry as Partial<Answered>
    if (method !== undefined) {
      output.write(`${method} ${path} ${status} in ${milliseconds} ms${reason ? `: ${reason}` : ''}\n`)
    }
  }
  const failed = (entry: unknown): void => {
    const { error } = entry as { error?: unknown }
    output.write(`${error instanceof Error ? error.stack : String(error ?? entry)}\n`)
  }
  const log: FastifyBaseLogger = {
    level: 'info',
    trace: silent,
    debug: silent,
    info: answered,
    warn: silent,
    error: failed,
    fatal: failed,
    silent,
    child: () => log,
  }
  return log
}
