import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ProviderDescription } from 'action-provider-tools/client'
import { usageError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import type { Terminal } from '../output/terminal.ts'

/** What checking a body came to: what is wrong with it, or why the schema cannot be used. */
export type Checked = { errors: string[] } | { unusable: string }

/** How long a schema may take, in milliseconds, and how much memory: ordinary ones take next to none. */
const LONGEST = 3_000
const MOST_MEGABYTES = 256

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
  const checked = await inThread(JSON.stringify(input_schema), JSON.stringify(body))
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

/** A thread can be ended whatever it does. Its time counts from when it begins, not while it is loaded. */
async function inThread(schema: string, body: string): Promise<Checked> {
  const program = new URL(`./check-worker${extname(import.meta.url)}`, import.meta.url)
  const thread = new Worker(program, {
    workerData: { schema, body },
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEGABYTES },
  })
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<Checked>((resolve) => {
      thread.on('message', (message: 'begins' | Checked) => {
        if (message !== 'begins') return resolve(message)
        timer = setTimeout(() => resolve({ unusable: 'it takes too long to check against' }), LONGEST)
      })
      thread.on('error', (error) => resolve({ unusable: error.message }))
    })
  } finally {
    clearTimeout(timer)
    await thread.terminate()
  }
}
