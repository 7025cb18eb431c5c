/** How often the parent process is checked, in milliseconds. */
const LOOK = 500

/**
 * Calls `stop` once when the process is asked to stop: by SIGTERM, by SIGINT, or by the end of the npm that
 * started it, whose shell does not pass SIGTERM on. A second signal exits at once with 1.
 */
export function onStopRequest(stop: () => void): void {
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
