import { InvalidDefinition, StoreUnusable } from '../errors.ts'

/**
 * Runs a process as a service: until SIGTERM, SIGINT or, under `npm run`, the end of npm, whose shell does
 * not pass SIGTERM on. Then it closes what was opened and exits with 0; asked while it starts, it does so once
 * it has started. A second signal exits at once with 1.
 * Where it cannot start or close, it says why on standard error, in words where the user can mend it, and
 * exits with 1.
 *
 * @param start opens everything; resolves with what closes it again
 * @example
 * await runUntilStopped(async () => {
 *   const app = createApplication()
 *   await app.listen({ port: 5000 })
 *   return () => app.close()
 * })
 */
export async function runUntilStopped(start: () => Promise<() => Promise<unknown>>): Promise<void> {
  // Begins once somebody listens for signals.
  const opening = Promise.resolve().then(start)
  onStopRequest(() => {
    opening.then((close) => close()).then(() => process.exit(0), fail)
  })
  await opening.catch(fail)
}

function fail(error: unknown): never {
  process.stderr.write(`${reason(error)}\n`)
  process.exit(1)
}

/** The text of an error at the start: the message where the user can fix it, else the stack. */
function reason(error: unknown): string {
  if (error instanceof InvalidDefinition || error instanceof StoreUnusable) return error.message
  if (!(error instanceof Error)) return String(error)
  const { code, port, address, stack, message }: NodeJS.ErrnoException & { port?: number; address?: string } =
    error
  if (code === 'EADDRINUSE')
    return `Port ${port} is taken: end the program that uses it, or set PORT to another`
  if (code === 'EACCES' && port) return `Port ${port} may not be used by you: set PORT to one above 1023`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `HOST ${address ?? ''} is no address of this machine`
  return stack ?? message
}

/** How often the parent process is checked, in milliseconds. */
const LOOK = 500

/** Calls `stop` once when the process is asked to stop. */
function onStopRequest(stop: () => void): void {
  let asked = false
  const ask = (): void => {
    if (asked) process.exit(1)
    asked = true
    stop()
  }
  process.on('SIGTERM', ask).on('SIGINT', ask)
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    if (!asked) ask()
  }, LOOK)
  timer.unref()
}
