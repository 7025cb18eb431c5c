import { existsSync } from 'node:fs'
import { LRUCache } from 'lru-cache'
import { InvalidDefinition } from '../errors.ts'
import { createCheckLane } from './check-lane.ts'
import type { CheckedInput } from './input-schema.ts'
import { checkedInput } from './json-schema.ts'
import { TIME_LIMIT } from './within-time.ts'

/** Checks bodies in threads: a slow check delays only its own caller. */
export type CheckThreads = {
  /** The check of one schema. It throws ServiceUnavailable if too many checks wait. */
  checkOf: (
    schema: Record<string, unknown>,
  ) => (body: unknown, who: { caller: string; showInput: boolean }) => Promise<CheckedInput<unknown>>
  close: () => Promise<void>
}

/** The longest a harmless check takes, in milliseconds of CPU time. Most take less than a hundredth of it. */
const QUICK = 25

/** How long a caller is remembered after a slow check, in milliseconds. */
const REMEMBERED = 60_000

/** The program has the same extension as this module, because Node runs the sources directly. */
const PROGRAM = new URL(`./check-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/**
 * Starts two threads, each when it is first needed. The quick thread stops a check after QUICK milliseconds.
 * The slow thread then repeats that check, up to TIME_LIMIT, and checks all inputs of that caller for a
 * while. In both threads callers take turns; the slow one keeps fewer waiting checks per caller.
 *
 * @throws InvalidDefinition if the threads' program is missing, as in a bundle
 */
export function createCheckThreads(): CheckThreads {
  if (!existsSync(PROGRAM)) {
    throw new InvalidDefinition(
      `The program of the thread that checks inputs is missing at ${PROGRAM}: ` +
        'mark action-provider-tools as external in your bundler',
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
