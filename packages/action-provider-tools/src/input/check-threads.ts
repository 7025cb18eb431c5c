import { existsSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
import { InvalidDefinition } from '../errors.ts'
import { createCheckLane } from './check-lane.ts'
import type { CheckedInput } from './input-schema.ts'
import { checkedInput } from './json-schema.ts'
import { TIME_LIMIT } from './within-time.ts'

/** Checks bodies in threads, so that those that take long keep nobody but their own caller waiting. */
export type CheckThreads = {
  /** The check of one schema. It throws ServiceUnavailable where too many wait. */
  checkOf: (
    schema: Record<string, unknown>,
  ) => (body: unknown, who: { caller: string; showInput: boolean }) => Promise<CheckedInput<unknown>>
  close: () => Promise<void>
}

/** What a check takes that is no attack, in milliseconds of computing; few take a hundredth of it. */
const QUICK = 25

/** How long a caller is known for a check that took longer than that, in milliseconds. */
const REMEMBERED = 60_000

/** Node runs the sources as they are, so the program ends like this module. */
const PROGRAM = new URL(`./check-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/**
 * Two threads, started when they are needed. The first one takes every check, and stops it soon. What it stopped is begun anew
 * by the second one, which stops it at TIME_LIMIT; so is, for a while, whatever the same caller sends. In both of them callers
 * take turns, and the second one lets few of each wait.
 *
 * @throws InvalidDefinition where the threads' program is not there, as in a bundle
 */
export function createCheckThreads(): CheckThreads {
  if (!existsSync(PROGRAM)) {
    throw new InvalidDefinition(
      `Inputs of this provider are checked in a thread, whose program is not at ${PROGRAM}: ` +
        'keep action-provider-tools out of the bundle, as an external package',
    )
  }
  const quick = createCheckLane({ program: PROGRAM, limit: QUICK, perOwner: 200, inAll: 2_000 })
  const slow = createCheckLane({ program: PROGRAM, limit: TIME_LIMIT, perOwner: 16, inAll: 256 })
  const slowCallers = new LRUCache<string, true>({ max: 1_000, ttl: REMEMBERED })
  return {
    checkOf(json_schema) {
      const schema = JSON.stringify(json_schema)
      return async (body, { caller, showInput }) => {
        const question = { schema, body: JSON.stringify(body), showInput }
        if (!slowCallers.has(caller)) {
          const errors = await quick.ask(caller, question)
          if (errors !== undefined) return checkedInput(body, errors)
          slowCallers.set(caller, true)
        }
        return checkedInput(body, await slow.ask(caller, question))
      }
    },
    async close() {
      await Promise.all([quick.close(), slow.close()])
    },
  }
}
