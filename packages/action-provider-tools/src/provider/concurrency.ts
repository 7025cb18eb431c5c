import { createHash } from 'node:crypto'
import { InvalidDefinition } from '../errors.ts'
import type { JobLimits } from '../store/action-store.ts'

/** How many actions of a provider run at once. Parts that are left out have no limit, except `instance`. */
export type Concurrency<Input = never> = {
  /** On one instance (default 100). */
  instance?: number
  /** Of one caller, on all instances together. */
  perCaller?: number
  /**
   * The key of an action for `perKey`, such as the machine that it runs on. Called once, when the action
   * starts. An action without a key is not counted.
   */
  key?: (started: { input: Input }) => string | undefined
  /** Of one key, on all instances together. */
  perKey?: number
}

/** The same, checked and complete. */
export type ConcurrencyLimits = {
  instance: number
  /** The limits of all instances together; absent if there are none. */
  limits?: JobLimits
  /** The key of an action's job. @throws TypeError if the author's function returns no text */
  keyOf: (input: unknown) => string | undefined
}

/** @throws InvalidDefinition */
export function concurrencyLimits(given: number | Concurrency): ConcurrencyLimits {
  if (typeof given !== 'number' && (typeof given !== 'object' || given === null)) {
    throw new InvalidDefinition(
      "'concurrency' must be a whole number of at least 1, or an object such as { instance: 100, perCaller: 10 }",
    )
  }
  const { instance = 100, perCaller, key, perKey } = typeof given === 'number' ? { instance: given } : given
  const name = (part: string): string => (typeof given === 'number' ? 'concurrency' : `concurrency.${part}`)
  for (const [part, value] of Object.entries({ instance, perCaller, perKey })) {
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      throw new InvalidDefinition(`'${name(part)}' must be a whole number of at least 1`)
    }
  }
  if (key !== undefined && typeof key !== 'function') {
    throw new InvalidDefinition(
      "'concurrency.key' must be a function that gives the key of an action's input",
    )
  }
  if ((key === undefined) !== (perKey === undefined)) {
    throw new InvalidDefinition(
      "'concurrency.key' says what 'concurrency.perKey' limits: give both of them, or none",
    )
  }
  const limits = {
    ...(perCaller !== undefined && { perCaller }),
    ...(perKey !== undefined && { perKey }),
  }
  return {
    instance,
    ...(Object.keys(limits).length > 0 && { limits }),
    keyOf: (input) => storedKey(key?.({ input: input as never })),
  }
}

/** A key for the store: the digest of a key that is long or that some databases cannot store. */
function storedKey(key: unknown): string | undefined {
  if (key === undefined || key === '') return undefined
  if (typeof key !== 'string') throw new TypeError(`'concurrency.key' must give a text, not ${typeof key}`)
  if (key.length <= 200 && !key.includes('\0')) return key
  return `sha256 ${createHash('sha256').update(key).digest('hex')}`
}
