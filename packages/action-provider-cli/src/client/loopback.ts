import { isIPv4 } from 'node:net'

/** Whether a URL leads to this machine alone, where nobody can listen in. */
export function isLoopback({ hostname }: URL): boolean {
  const name = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'))
}
