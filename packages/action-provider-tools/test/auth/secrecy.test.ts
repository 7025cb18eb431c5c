import type { IncomingMessage, ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { inspect } from 'node:util'
import { type Fault, groupsScope } from 'globus-emulator'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Auth } from '../../src/auth/auth.ts'
import { type GlobusAuthOptions, globusAuth } from '../../src/auth/globus-auth.ts'
import { type EmulatedGlobus, emulateGlobus, serveInstead, transferScope } from './emulated-globus.ts'

let globus: EmulatedGlobus
beforeAll(async () => {
  globus = await emulateGlobus()
})
afterEach(() => globus.calm())
afterAll(() => globus.close())

/** Everything that a log and errors show, and every secret that was on its way meanwhile. */
function observe() {
  let shown = ''
  const secrets = new Set<string>()
  const log = pino(
    { level: 'trace' },
    new Writable({
      write(chunk, _encoding, done) {
        shown += chunk
        done()
      },
    }),
  )
  const look = (value: unknown): void => {
    shown += inspect(value, { depth: Infinity, showHidden: true, maxStringLength: null, getters: true })
    for (let error = value; error instanceof Error; error = error.cause) {
      shown += `${error.stack} ${JSON.stringify(error)} ${JSON.stringify(error.message)}`
      log.error({ err: error }, 'An error that its owner logs whole')
    }
  }
  return {
    log,
    keep: (secret: string) => secrets.add(secret),
    async attempt(work: () => unknown): Promise<void> {
      try {
        const result = await work()
        for (const name of ['access_token', 'refresh_token']) {
          const secret = result instanceof Object ? Reflect.get(result, name) : undefined
          if (typeof secret === 'string') secrets.add(secret)
        }
      } catch (error) {
        look(error)
      }
    },
    expectNoSecret(): void {
      expect(secrets.size).toBeGreaterThan(2)
      for (const secret of secrets) {
        for (const form of [secret, encodeURIComponent(secret), btoa(secret)]) {
          expect(shown.includes(form), `${form} is shown`).toBe(false)
        }
      }
    },
    shown: () => shown,
  }
}

/** Makes every call there is, with tokens that are good and one that is not. */
async function callEverything(options: Partial<GlobusAuthOptions> = {}) {
  const seen = observe()
  const { client_id, client_secret } = globus.provider
  const auth: Auth = globus.auth({ log: seen.log, timeout: 2_000, ...options })
  const good = await globus.token('alice')
  const bad = 'Ag0bad+token/with~marks=='
  for (const secret of [client_secret, `${client_id}:${client_secret}`, good, bad]) seen.keep(secret)
  const refreshable = {
    access_token: 'Ag0old-access',
    refresh_token: 'Ag0old-refresh',
    scope: groupsScope,
    resource_server: 'groups.api.globus.org',
    expires_at: 0,
  }
  seen.keep(refreshable.access_token)
  seen.keep(refreshable.refresh_token)
  for (const token of [good, bad, 'two words']) {
    await seen.attempt(async () => {
      const caller = await auth.authenticate(token)
      for (const wanted of [groupsScope, transferScope]) {
        await seen.attempt(() => caller.dependentToken(wanted))
      }
      await seen.attempt(() => caller.groups())
      await seen.attempt(() => caller.checkAuthorization([globus.scope]))
    })
    await seen.attempt(() => auth.grantDependentToken(token, groupsScope))
    await seen.attempt(() => auth.grantDependentToken(token, transferScope))
  }
  await seen.attempt(() => auth.refreshDependentToken(refreshable))
  await seen.attempt(() => auth.ping())
  return seen
}

describe('no log line at any level and no error shows a token or a secret', () => {
  test('when all is well', async () => {
    const seen = await callEverything()
    seen.expectNoSecret()
    expect(seen.shown()).toContain('Called Globus Auth')
    expect(seen.shown()).toContain('Called Globus Groups')
    expect(seen.shown()).toContain('ConsentRequired')
  })

  const faults: Omit<Fault, 'endpoint'>[] = [
    { status: 500 },
    { status: 429, retry_after: 3 },
    { status: 401 },
    { status: 400 },
    { body: 'garbage' },
    { body: 'cut' },
  ]
  test.each(faults)('when Globus answers with %j', async (fault) => {
    for (const endpoint of ['*', 'dependent_token', 'groups'] as const) {
      await globus.emulator.setFault({ endpoint, ...fault })
      ;(await callEverything()).expectNoSecret()
      await globus.emulator.clearFaults()
    }
  })

  test('when the client secret is wrong', async () => {
    const clientSecret = 'a-wrong+secret/of~ours'
    const seen = await callEverything({ clientSecret })
    seen.keep(clientSecret)
    seen.keep(`${globus.provider.client_id}:${clientSecret}`)
    seen.expectNoSecret()
  })

  test('when nobody listens, or the wrong protocol is spoken', async () => {
    const server = await serveInstead(() => {})
    await server.close()
    for (const authUrl of [server.url, globus.emulator.url.replace('http', 'https')]) {
      ;(await callEverything({ authUrl })).expectNoSecret()
    }
  })

  test.each([200, 302, 400, 401, 403, 404, 500])(
    'when somebody echoes all they are sent with status %i',
    async (status) => {
      const echo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        const sent = { ...request.headers, body: decodeURIComponent(await text(request)) }
        response.writeHead(status, { 'x-echo': encodeURIComponent(sent.body) })
        response.end(JSON.stringify({ error: sent.body, error_description: sent, ...sent }))
      }
      const server = await serveInstead(echo)
      const { url } = server
      ;(await callEverything({ authUrl: url })).expectNoSecret()
      ;(await callEverything({ groupsUrl: url })).expectNoSecret()
      await server.close()
    },
  )

  test('when what makes the calls fails with all it knows', async () => {
    const telling: typeof fetch = async (url, init) => {
      throw new TypeError(`cannot fetch ${url}`, {
        cause: Object.assign(new Error(JSON.stringify(init)), {
          code: 'E_TOLD',
          body: String(init?.body),
          init,
        }),
      })
    }
    const seen = await callEverything({ fetch: telling })
    seen.expectNoSecret()
    expect(seen.shown()).toContain('E_TOLD')
  })

  test('when the definition is wrong', () => {
    const complete = {
      clientId: globus.provider.client_id,
      clientSecret: globus.provider.client_secret,
      scope: globus.scope,
    }
    for (const wrong of [
      { clientId: '' },
      { scope: '' },
      { timeout: 0 },
      { retries: -1 },
      { authUrl: 'nonsense' },
      { environment: 'nonsense' },
    ]) {
      expect(() => globusAuth({ ...complete, ...wrong })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(complete.clientSecret) }),
      )
    }
  })
})
