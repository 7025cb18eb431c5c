import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import {
  defineActionProvider,
  type OperationEvent,
  type RunContext,
  ServiceUnavailable,
} from '../src/index.ts'
import { errorFacts, maskSecrets, rememberSecret } from '../src/log.ts'
import { fakeAuth } from '../src/testing/index.ts'
import { serveForTest } from './served.ts'

/** An error as HTTP clients throw it: with the request and the answer, and again in its cause. */
function clientError(token: string): Error {
  const config = { headers: { authorization: `Bearer ${token}` }, data: 'what-the-caller-sent' }
  const response = { status: 401, headers: { 'set-cookie': 'session-of-theirs' }, body: 'what-they-answered' }
  const cause = Object.assign(new TypeError('socket hang up'), { code: 'ECONNRESET', options: config })
  const error = new Error(`Request with ${token} failed with status 401`, { cause })
  return Object.assign(error, { code: 'ERR_BAD_REQUEST', config, response, request: { token } })
}

describe('the log of an error that an HTTP client threw', () => {
  const opened: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of opened.splice(0)) await close()
  })

  /** Serves a provider whose every work and hook may fail as the input says; gives all that is logged. */
  async function serve(synchronous: boolean) {
    const log: string[] = []
    const auth = fakeAuth()
    const input = { type: 'object' } as const
    const description = { title: 'failing', admin_contact: 'support@example.org', synchronous }
    const provider = defineActionProvider({
      description,
      input,
      run: async ({ dependentToken, logger, input: { how } }: RunContext<{ how?: string }>) => {
        const token = await dependentToken('urn:other')
        if (how === 'logged') {
          logger.error({ err: clientError(token) }, 'Logged by the author')
          return {}
        }
        throw clientError(token)
      },
      hooks: {
        before({ auth: caller, request }: OperationEvent) {
          const how = (request?.body as { how?: string } | undefined)?.how
          if (how === 'hook') throw clientError(caller?.token ?? '')
          if (how === 'outage') {
            throw new ServiceUnavailable('They are away', { cause: clientError(caller?.token ?? '') })
          }
        },
      },
    } as never)
    const stream = { write: (line: string): void => void log.push(line) }
    const served = await serveForTest(provider, { auth, application: { logger: { level: 'trace', stream } } })
    opened.push(served.close)
    const caller = auth.caller({ username: 'alice', consents: ['urn:other'] })
    const run = (how: string): Promise<{ status: number }> =>
      served.ask(caller, 'POST', '/p/run', { request_id: how, body: { how } })
    return { run, caller, log: () => log.join('') }
  }

  for (const [where, synchronous, how] of [
    ['work', false, 'work'],
    ['work that is run inline', true, 'work'],
    ['work, logged by its author', false, 'logged'],
    ['a hook', false, 'hook'],
    ['what a hook blames', false, 'outage'],
  ] as const) {
    test(`in ${where} has its name, message, stack and code, and those of its cause, and nothing else`, async () => {
      const { run, caller, log } = await serve(synchronous)
      await run(how)
      await eventually(() => log().includes('ERR_BAD_REQUEST'))
      const line = log()
        .split('\n')
        .find((each) => each.includes('ERR_BAD_REQUEST'))
      expect(JSON.parse(line ?? '').err).toEqual({
        type: 'Error',
        message: 'Request with [secret] failed with status 401',
        stack: expect.stringContaining('at '),
        code: 'ERR_BAD_REQUEST',
        cause: {
          type: 'TypeError',
          message: 'socket hang up',
          stack: expect.stringContaining('at '),
          code: 'ECONNRESET',
        },
      })
      for (const secret of [caller.token, 'fake-dependent-token', 'what-', 'session-of-theirs'])
        expect(log()).not.toContain(secret)
    })
  }
})

describe('what is logged of an error', () => {
  test('never grows with what hangs on it, and ends where causes go round', () => {
    const error = new Error('round')
    error.cause = new AggregateError([error, 'a text', undefined, { headers: 'x' }], 'many', { cause: error })
    const shown = inspect(errorFacts(error), { depth: Infinity })
    expect(shown).toContain('a text')
    expect(shown).not.toContain('headers')
    const facts = errorFacts(new RangeError('again'))
    expect(errorFacts(facts)).toEqual(facts)
  })

  test('holds no known secret, wherever in its text that stands', () => {
    const secrets = fc.uniqueArray(fc.string({ minLength: 16, maxLength: 80, unit: 'grapheme-ascii' }), {
      minLength: 1,
      maxLength: 5,
    })
    const filler = fc.array(fc.string({ unit: 'grapheme-ascii' }), { minLength: 6, maxLength: 6 })
    fc.assert(
      fc.property(secrets, filler, (some, between) => {
        for (const secret of some) rememberSecret(secret)
        const text = some.map((secret, index) => `${between[index]}${secret}`).join('') + between.at(-1)
        const masked = maskSecrets(text)
        for (const secret of some) expect(masked.split('[secret]').join('\n')).not.toContain(secret)
      }),
    )
  })

  test('masks the secrets come upon last, and remembers no more than so many', () => {
    for (let number = 0; number < 30_000; number++) rememberSecret(`a-secret-token-with-number-${number}`)
    expect(maskSecrets('a-secret-token-with-number-29999, a-secret-token-with-number-5')).toBe(
      '[secret], a-secret-token-with-number-5',
    )
  })
})
