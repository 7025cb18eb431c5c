import { usageError } from '../errors.ts'
import { printable } from '../output/printable.ts'

/**
 * The base URL of a provider, without a slash at its end. The URL of its run operation will do, as people copy that.
 *
 * @throws CommandError for what is no URL of a provider
 * @example providerUrl('https://example.org/skeleton/run').href // 'https://example.org/skeleton'
 */
export function providerUrl(text: string | undefined): URL {
  if (!text) throw usageError('Say which provider: give --action-url URL, or set ACTION_URL')
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usageError(
      `${JSON.stringify(text)} is no URL of a provider: it begins with https:// (or http:// on this machine)`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw usageError('The URL of a provider holds no user name and password: leave them out, and log in')
  }
  url.search = ''
  url.hash = ''
  url.pathname = url.pathname
    .replace(/\/+$/, '')
    .replace(/\/run$/, '')
    .replace(/\/+$/, '')
  return url
}

/** The URL of something below a provider's base URL. */
export function below(base: URL, path: string, query: Record<string, string | undefined> = {}): URL {
  const url = new URL(base)
  url.pathname = `${base.pathname.replace(/\/$/, '')}/${path}`
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(name, value)
  return url
}

/** @throws CommandError for what cannot be an action's id: as part of a path it would lead elsewhere */
export function actionPath(actionId: string, operation: string): string {
  if (actionId === '' || actionId === '.' || actionId === '..') {
    throw usageError(`${JSON.stringify(actionId)} is no action's id: "action-provider list" shows yours`)
  }
  return `${encodeURIComponent(actionId)}/${operation}`
}

/** How a provider is named in the commands that messages suggest. */
export function urlOption(url: URL): string {
  return `--action-url ${shellWord(url.href.replace(/\/$/, ''))}`
}

/** A word of a command that a message suggests, safe to be copied into a shell whoever chose it. */
export function shellWord(text: string): string {
  const word = printable(text)
  return /^[\w.:/@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
