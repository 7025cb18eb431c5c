import { extname } from 'node:path'
import type { ProviderDescription } from 'action-provider-tools/client'
import { usageError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import type { Terminal } from '../output/terminal.ts'
import { inThread, type Unusable } from './schema-thread.ts'

/** The result of checking a body: its errors, or why the schema cannot be used. */
export type Checked = { errors: string[] } | Unusable

/**
 * Checks a body against a provider's input schema before anything is sent. If the schema cannot be used, the
 * body is sent unchecked: the provider checks it itself.
 *
 * @throws CommandError that names every error
 */
export async function checkBody(
  body: Record<string, unknown>,
  { input_schema }: ProviderDescription,
  terminal: Terminal,
): Promise<void> {
  const checked = await inThread<Checked>(
    new URL(`./check-worker${extname(import.meta.url)}`, import.meta.url),
    {
      schema: JSON.stringify(input_schema),
      body: JSON.stringify(body),
    },
  )
  if ('unusable' in checked) {
    terminal.warn(
      `The body is sent unchecked, as the provider's schema cannot be used: ${printable(checked.unusable)}`,
    )
  } else if (checked.errors.length > 0) {
    throw usageError(
      `The body does not fit the provider's input schema, and was not sent: ${printable(checked.errors.join('; '))}; "action-provider introspect" shows what it takes`,
    )
  }
}
