import { extname } from 'node:path'
import { inThread, type Unusable } from '../input/schema-thread.ts'

/** Inputs for a provider, judged by its schema. */
export type Inputs = {
  /** One that it accepts, if known. */
  input?: unknown
  /** One that it refuses, if known. */
  unfit?: unknown
  /** The errors of the given input. */
  errors: string[]
}

/**
 * Finds an input to try a provider with, and one that it must refuse.
 *
 * @param given the input that the user names
 */
export async function inputsOf(schema: unknown, given: unknown): Promise<Inputs & Partial<Unusable>> {
  const program = new URL(`./inputs-worker${extname(import.meta.url)}`, import.meta.url)
  const found = await inThread<Inputs>(program, { schema: JSON.stringify(schema ?? null), given })
  return 'unusable' in found ? { ...found, errors: [], ...(given !== undefined && { input: given }) } : found
}
