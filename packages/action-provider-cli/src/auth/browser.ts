import { spawn } from 'node:child_process'

/**
 * Opens a page in the browser of the system, or in the program that BROWSER names.
 *
 * @returns whether a program was started; whether it shows the page is unknown
 */
export async function openBrowser(url: URL): Promise<boolean> {
  const [command, ...given] = browserCommand(process.env.BROWSER)
  if (command === undefined) return false
  return new Promise((resolve) => {
    const child = spawn(command, [...given, url.href], { stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}

function browserCommand(named: string | undefined): string[] {
  if (named) return named.split(' ').filter(Boolean)
  if (process.platform === 'darwin') return ['open']
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  // Without a display, a text browser would start and compete for this terminal.
  return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? ['xdg-open'] : []
}
