import { type Context, createContext, Script } from 'node:vm'
import { fieldError } from '../documents/check.ts'

/** How long checking one input may take, in milliseconds of computing, where its schema allows inputs that take for ever. */
export const TIME_LIMIT = 250

const script = new Script('work()')
let context: Context | undefined

/**
 * Does work that may not end, and gives up when it has computed for so long or the stack is full: V8 then stops it, also
 * inside a regular expression. The watch is a thread, which costs about as much as a few hundred ordinary checks: use it only where it is needed.
 *
 * @returns what the work returned, or `undefined` when it was stopped
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
        // The machine was busy with something else: no fault of the input.
      }
    }
  } finally {
    context.work = undefined
  }
}

/** What is said of an input whose check was stopped. */
export function tooSlow(): { ok: false; errors: string[] } {
  return {
    ok: false,
    errors: [fieldError('$', 'timeout', 'takes too long to check against the input schema')],
  }
}
