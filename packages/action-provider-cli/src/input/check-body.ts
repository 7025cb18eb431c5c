import type { ProviderDescription } from 'action-provider-tools/client'
import { usageError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import type { Terminal } from '../output/terminal.ts'

/**
 * Checks a body against a provider's input schema before anything is sent. A schema that cannot be used is the provider's
 * own affair: it will check the body itself.
 *
 * @throws CommandError that names every error
 */
export async function checkBody(
  body: Record<string, unknown>,
  { input_schema }: ProviderDescription,
  terminal: Terminal,
): Promise<void> {
  const { compileInput } = await import('action-provider-tools/client/checks')
  let checked: { ok: boolean; errors?: string[] }
  try {
    checked = await compileInput(input_schema).validate(body)
  } catch (error) {
    terminal.warn(
      `The body is sent unchecked, as the provider's schema cannot be used: ${printable(String(error))}`,
    )
    return
  }
  if (!checked.ok) {
    throw usageError(
      `The body does not fit the provider's input schema, and was not sent: ${printable(checked.errors?.join('; ') ?? '')}; "action-provider introspect" shows what it takes`,
    )
  }
}
