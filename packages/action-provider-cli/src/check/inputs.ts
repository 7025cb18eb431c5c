import { extname } from 'node:path'
import { inThread, type Unusable } from '../input/schema-thread.ts'

/** What a provider's schema says of inputs. */
export type Inputs = {
  /** One that it accepts; left out where none is known. */
  input?: unknown
  /** One that it refuses; left out where none is known. */
  unfit?: unknown
  /** What is wrong with the input that was given. */
  errors: string[]
}

/**
 * Finds an input to try a provider with, and one that it must refuse.
 *
 * @param given the input to try it with, where its user names one
 */
export async function inputsOf(schema: unknown, given: unknown): Promise<Inputs & Partial<Unusable>> {
  const program = new URL(`./inputs-worker${extname(import.meta.url)}`, import.meta.url)
  const found = await inThread<Inputs>(program, { schema: JSON.stringify(schema ?? null), given })
  return 'unusable' in found ? { ...found, errors: [], ...(given !== undefined && { input: given }) } : found
}
