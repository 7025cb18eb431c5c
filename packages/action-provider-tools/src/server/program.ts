import { InvalidDefinition, StoreUnusable } from '../errors.ts'

/**
 * Runs a process as a service: until SIGTERM, SIGINT or, under `npm run`, the end of npm, whose shell does
 * not forward SIGTERM. Then it closes what was opened and exits with 0. A signal during the start takes
 * effect after it. A second signal exits at once with 1. If it cannot start or close, it prints the reason to
 * standard error, as a message if the user can fix it, and exits with 1.
 *
 * @param start opens everything; resolves with a function that closes it again
 * @example
 * await runUntilStopped(async () => {
 *   const app = createApplication()
 *   await app.listen({ port: 5000 })
 *   return () => app.close()
 * })
 */
export async function runUntilStopped(start: () => Promise<() => Promise<unknown>>): Promise<void> {
  // Starts after the signal handlers are installed.
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

/** The text of an error at the start: the message if the user can fix it, otherwise the stack. */
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
