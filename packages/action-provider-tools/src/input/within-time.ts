import { type Context, createContext, Script } from 'node:vm'
import { fieldError } from '../documents/check.ts'

/**
 * The longest that checking one input may take, in milliseconds of CPU time, for schemas that may take
 * forever.
 */
export const TIME_LIMIT = 250

const script = new Script('work()')
let context: Context | undefined

/**
 * Does work that may not end. V8 stops it after `limit` milliseconds of CPU time, even inside a regular
 * expression; a full stack ends it too. V8 starts a thread for the time limit, which costs as much as a few
 * hundred ordinary checks: use it only where needed.
 *
 * @returns the result of the work, or `undefined` if it was stopped
 */
export function withinTime<T extends object>(work: () => T, limit = TIME_LIMIT): T | undefined {
  context ??= createContext({})
  context.work = work
  const start = process.threadCpuUsage()
  try {
    for (;;) {
      try {
        return script.runInContext(context, { timeout: limit }) as T
      } catch (error) {
        if (error instanceof RangeError) return undefined
        if ((error as { code?: unknown }).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
        const { user, system } = process.threadCpuUsage(start)
        if (user + system >= limit * 1000) return undefined
        // The machine was busy with other work: the input is not the cause.
      }
    }
  } finally {
    context.work = undefined
  }
}

/** The result for an input whose check was stopped. */
export function tooSlow(): { ok: false; errors: string[] } {
  return {
    ok: false,
    errors: [fieldError('$', 'timeout', 'takes too long to check against the input schema')],
  }
}
