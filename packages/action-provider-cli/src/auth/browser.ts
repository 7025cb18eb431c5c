import { spawn } from 'node:child_process'

/**
 * Asks the system to show a page in its browser, or the program that BROWSER names.
 *
 * @returns whether something was started; what becomes of it nobody says
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
  // Without a display, programs in the terminal would be started that fight with this one for it.
  return process.env.DISPLAY || process.env.WAYLAND_DISPLAY ? ['xdg-open'] : []
}
