import { InvalidArgument, providerUrl as urlOf } from 'action-provider-tools/client'
import { usageError } from '../errors.ts'
import { printable } from '../output/printable.ts'

/** The base URL of the provider that --action-url names. @throws CommandError for an invalid URL */
export function providerUrl(text: string | undefined): URL {
  if (!text) throw usageError('Say which provider: give --action-url URL, or set ACTION_URL')
  try {
    return urlOf(text)
  } catch (error) {
    throw error instanceof InvalidArgument ? usageError(error.message, error) : error
  }
}

/** The option that names a provider in the commands that messages suggest. */
export function urlOption(url: URL): string {
  return `--action-url ${shellWord(url.href.replace(/\/$/, ''))}`
}

/** A word of a command that a message suggests, quoted so that it is safe to copy into a shell. */
export function shellWord(text: string): string {
  const word = printable(text)
  return /^[\w.:/@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
