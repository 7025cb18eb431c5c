import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Fault, groupsScope } from 'globus-emulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import type { Auth } from '../../src/auth/auth.ts'
import type { GlobusAuthOptions } from '../../src/auth/globus-auth.ts'
import { ServiceUnavailable } from '../../src/errors.ts'
import { type EmulatedGlobus, emulateGlobus, refusal, serveInstead, times } from './emulated-globus.ts'

let globus: EmulatedGlobus
const closing: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  globus = await emulateGlobus()
})
afterEach(async () => {
  await globus.calm()
  for (const close of closing.splice(0)) await close()
})
afterAll(() => globus.close())

/** Every call that an Auth makes, beside the endpoint it is made to. */
const calls: Record<string, { endpoint: Fault['endpoint']; make(auth: Auth): Promise<unknown> }> = {
  introspection: {
    endpoint: 'introspect',
    make: async (auth) => auth.authenticate(await globus.token('alice')),
  },
  'a dependent token': {
    endpoint: 'dependent_token',
    make: async (auth) => (await auth.authenticate(await globus.token('alice'))).dependentToken(groupsScope),
  },
  groups: {
    endpoint: 'groups',
    make: async (auth) => (await auth.authenticate(await globus.token('alice'))).groups(),
  },
  'a grant': {
    endpoint: 'dependent_token',
    make: async (auth) => auth.grantDependentToken(await globus.token('alice'), groupsScope),
  },
  'a refresh': {
    endpoint: 'refresh_token',
    make: async (auth) =>
      auth.refreshDependentToken(await auth.grantDependentToken(await globus.token('alice'), groupsScope)),
  },
  'a ping': { endpoint: 'discovery', make: (auth) => auth.ping() },
}

const faults: Record<string, Omit<Fault, 'endpoint'>> = {
  'no answer in time': { latency: 60_000 },
  'status 500': { status: 500 },
  'status 408': { status: 408 },
  'status 429 with Retry-After': { status: 429, retry_after: 7 },
  garbage: { body: 'garbage' },
  'an answer cut in the middle': { body: 'cut' },
  'an error cut in the middle': { status: 400, body: 'cut' },
}

describe.each(Object.keys(calls))('%s is an outage, and works when it is over:', (name) => {
  test.each(Object.keys(faults))('%s', async (kind) => {
    const call = calls[name]
    const fault = faults[kind]
    if (call === undefined || fault === undefined) throw new Error('unreachable')
    const auth = globus.auth({ timeout: kind === 'no answer in time' ? 60 : 5_000 })
    await globus.emulator.setFault({ endpoint: call.endpoint, ...fault })
    const error = await refusal(() => call.make(auth))
    expect(error).toBeInstanceOf(ServiceUnavailable)
    expect(error).toMatchObject({
      status: 503,
      headers: { 'retry-after': String(fault.retry_after ?? 5) },
      cause: { message: expect.stringMatching(/^Globus (Auth|Groups): /) },
    })
    await globus.emulator.clearFaults()
    await call.make(globus.auth())
  })
})

describe('an outage is', () => {
  const outageOf = async (options: Partial<GlobusAuthOptions>): Promise<unknown> => {
    const auth = globus.auth({ timeout: 2_000, ...options })
    const error = await refusal(() => auth.authenticate('Ag0token'))
    expect(error).toBeInstanceOf(ServiceUnavailable)
    return error
  }
  const instead = async (answer: RequestListener): Promise<string> => {
    const server = await serveInstead(answer)
    closing.push(server.close)
    return server.url
  }

  test('a refused connection', async () => {
    const server = await serveInstead(() => {})
    await server.close()
    expect(await outageOf({ authUrl: server.url })).toMatchObject({
      cause: { message: expect.stringContaining('ECONNREFUSED') },
    })
  })

  test('a connection that is reset', async () => {
    await outageOf({ authUrl: await instead((request) => request.socket.destroy()) })
  })

  test('a server that speaks no TLS', async () => {
    await outageOf({ authUrl: globus.emulator.url.replace('http:', 'https:') })
  })

  test('a certificate that nobody vouches for, and it is shown nothing', async () => {
    let requests = 0
    const server = createSecureServer(selfSigned(), () => {
      requests += 1
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise((resolve) => server.close(resolve)))
    const { port } = server.address() as AddressInfo
    expect(await outageOf({ authUrl: `https://127.0.0.1:${port}` })).toMatchObject({
      cause: { message: expect.stringContaining('SELF_SIGNED_CERT') },
    })
    expect(requests).toBe(0)
  })

  const active = { active: true, sub: crypto.randomUUID(), scope: 's', exp: 4e9, identity_set: [] }
  test.each([
    ['a web page', '<html><title>Sign in to the network</title></html>'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['no JSON in UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['another type of active', JSON.stringify({ ...active, active: 'true' })],
    ['an active token without an owner', JSON.stringify({ ...active, sub: undefined })],
    ['an owner that is no UUID', JSON.stringify({ ...active, sub: 'urn:globus:auth:identity:*' })],
    ['an active token without scopes', JSON.stringify({ ...active, scope: undefined })],
    ['an end that is no number', JSON.stringify({ ...active, exp: 'never' })],
    ['no identity set', JSON.stringify({ ...active, identity_set: undefined })],
    ['a linked identity that is no UUID', JSON.stringify({ ...active, identity_set: ['public'] })],
    ['more than anybody needs', JSON.stringify({ ...active, name: 'x'.repeat(5 * 1024 * 1024) })],
  ])('an answer with %s', async (_, content) => {
    await outageOf({ authUrl: await instead((_request, response) => response.end(content)) })
  })

  test('an answer that never ends, by size or by time', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    const endless = await instead((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) {}
      }
      response.on('drain', more)
      more()
    })
    expect(await outageOf({ authUrl: endless })).toMatchObject({
      cause: { message: expect.stringContaining('larger than') },
    })
    const dripping = await instead((_request, response) => {
      response.write(' ')
    })
    expect(await outageOf({ authUrl: dripping, timeout: 50 })).toMatchObject({
      cause: { message: expect.stringContaining('no answer within 50 ms') },
    })
  })

  test.each([301, 302, 303, 307, 308])(
    'a redirect with %s, after which no credential goes',
    async (status) => {
      const elsewhere = await serveInstead((_request, response) => response.end(JSON.stringify(active)))
      closing.push(elsewhere.close)
      const redirecting = await instead((_request, response) => {
        response.writeHead(status, { location: elsewhere.url }).end()
      })
      await outageOf({ authUrl: redirecting })
      expect(elsewhere.requests()).toBe(0)
    },
  )

  test.each([400, 403, 404, 422])('an introspection refused with %s', async (status) => {
    await outageOf({
      authUrl: await instead((_request, response) => response.writeHead(status).end('{}')),
    })
  })

  test('a call under way when the Auth is closed, which ends at once', async () => {
    const silent = await serveInstead(() => {})
    closing.push(silent.close)
    const auth = globus.auth({ authUrl: silent.url, timeout: 3_600_000 })
    const attempt = refusal(() => auth.authenticate('Ag0token'))
    await auth.close()
    expect(await attempt).toBeInstanceOf(ServiceUnavailable)
  })
})

describe('during an outage', () => {
  test('known callers go on until their entry ends, others are told to come again', async () => {
    const auth = globus.auth()
    const [known, other] = await Promise.all([globus.token('alice'), globus.token('bob')])
    const alice = await auth.authenticate(known)
    const groups = await alice.groups()
    await globus.emulator.setFault({ endpoint: '*', status: 500 })
    expect(await refusal(() => auth.authenticate(other))).toMatchObject({
      status: 503,
      headers: { 'retry-after': expect.stringMatching(/^[1-9]\d*$/) },
    })
    globus.pass(30_000)
    expect(auth.authenticate(known)).toBe(alice)
    expect(alice.checkAuthorization(groups)).toBe(true)
    expect(await alice.dependentToken(groupsScope)).toMatchObject({ scope: groupsScope })
    globus.pass(1)
    expect(await refusal(() => auth.authenticate(known))).toBeInstanceOf(ServiceUnavailable)
    await globus.emulator.clearFaults()
    await auth.authenticate(known)
    await auth.authenticate(other)
  })

  test('nobody is remembered as refused', async () => {
    const auth = globus.auth()
    const token = await globus.token('alice')
    await globus.emulator.setFault({ endpoint: 'introspect', body: 'garbage', count: 1 })
    await refusal(() => auth.authenticate(token))
    await auth.authenticate(token)
  })

  test('Groups may be down alone: all that needs no groups goes on', async () => {
    const auth = globus.auth()
    await globus.emulator.setFault({ endpoint: 'groups', status: 500 })
    for (let call = 0; call < 10; call++) {
      const alice = await auth.authenticate(await globus.token('alice'))
      expect(await refusal(() => alice.groups())).toBeInstanceOf(ServiceUnavailable)
      await alice.dependentToken(groupsScope)
    }
  })

  test('a service that restarts is found again, and its tokens are still good', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'emulated-globus-'))
    const stateFile = join(folder, 'state.json')
    const before = await emulateGlobus({ stateFile })
    const auth = before.auth()
    const token = await before.token('alice')
    const port = Number(new URL(before.emulator.url).port)
    await before.emulator.close()
    expect(await refusal(() => auth.authenticate(token))).toBeInstanceOf(ServiceUnavailable)
    const after = await emulateGlobus({ stateFile, port })
    closing.push(after.close, auth.close, () => rm(folder, { recursive: true }))
    expect((await auth.authenticate(token)).effectiveIdentity).toBe((await after.user('alice')).urn)
  })
})

describe('a dead service', () => {
  const tokens = (count: number): Promise<string[]> => Promise.all(times(count, () => globus.token('alice')))

  test('gets few of 200 calls, ten at a time, and none waits for it', async () => {
    const auth = globus.auth({ retries: 1 })
    await globus.emulator.setFault({ endpoint: 'introspect', status: 503 })
    const asked = await globus.asked(async () => {
      for (let batch = 0; batch < 20; batch++) {
        const errors = await Promise.all(
          times(10, (index) => refusal(() => auth.authenticate(`Ag0token-${batch}-${index}`))),
        )
        for (const error of errors) expect(error).toBeInstanceOf(ServiceUnavailable)
      }
    })
    // The first ten, each with its one retry: then the breaker is open.
    expect(asked.introspect).toBeLessThanOrEqual(20)
  })

  test('is tried by one call each second, and serves everybody again after the first success', async () => {
    const auth = globus.auth()
    const waiting = await tokens(50)
    await globus.emulator.setFault({ endpoint: 'introspect', status: 500 })
    const everybody = (): Promise<PromiseSettledResult<unknown>[]> =>
      Promise.allSettled(waiting.map(async (token) => auth.authenticate(token)))
    expect((await everybody()).every(({ status }) => status === 'rejected')).toBe(true)
    for (let second = 0; second < 3; second++) {
      expect(await globus.asked(everybody)).toEqual({})
      globus.pass(1_000)
      expect(await globus.asked(everybody)).toEqual({ introspect: 1 })
    }
    await globus.emulator.clearFaults()
    globus.pass(1_000)
    expect((await everybody()).filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await everybody()).every(({ status }) => status === 'fulfilled')).toBe(true)
  })

  test('may leave a probe hanging, which does not delay the recovery', async () => {
    const auth = globus.auth({ timeout: 5_000 })
    const [first = '', second = ''] = await tokens(2)
    await globus.emulator.setFault({ endpoint: 'introspect', status: 500, count: 5 })
    for (let call = 0; call < 5; call++) await refusal(() => auth.authenticate(`Ag0token-${call}`))
    globus.pass(1_000)
    await globus.emulator.setFault({ endpoint: 'introspect', latency: 60_000, count: 1 })
    const hanging = refusal(() => auth.authenticate('Ag0hanging'))
    await eventually(async () => (await globus.emulator.faults()).length === 0)
    globus.pass(1_000)
    await auth.authenticate(first)
    await auth.authenticate(second)
    await auth.close()
    expect(await hanging).toBeInstanceOf(ServiceUnavailable)
  })

  test('is left alone by what needs another one', async () => {
    const auth = globus.auth()
    const alice = await auth.authenticate(await globus.token('alice'))
    await globus.emulator.setFault({ endpoint: 'groups', status: 500 })
    const asked = await globus.asked(async () => {
      for (let call = 0; call < 20; call++) await refusal(() => alice.groups())
    })
    expect(asked).toEqual({ groups: 5, dependent_token: 1 })
    await auth.authenticate(await globus.token('bob'))
  })

  test('and a wrong client secret are one clear line in the log, and no refusal of callers', async () => {
    const lines: { level: string; facts: object; text: string }[] = []
    const write = (level: string) => (facts: object, text: string) => lines.push({ level, facts, text })
    const log = { debug: () => {}, info: write('info'), warn: write('warn'), error: write('error') }
    const auth = globus.auth({ clientSecret: 'not-the-secret', log, retries: 3 })
    const token = await globus.token('alice')
    const asked = await globus.asked(async () => {
      expect(await refusal(() => auth.authenticate(token))).toBeInstanceOf(ServiceUnavailable)
    })
    expect(asked).toEqual({ introspect: 1 })
    expect(lines).toEqual([
      {
        level: 'error',
        facts: { service: 'auth', call: 'introspect', reason: expect.any(String) },
        text: expect.stringMatching(/does not accept the client's credentials: check the id .+, its secret/),
      },
    ])
    expect(lines[0]?.text).toContain(globus.provider.client_id)
    for (const make of [
      () => auth.grantDependentToken(token, groupsScope),
      () => auth.refreshDependentToken({ ...tokenOfNobody, refresh_token: 'Ag0refresh' }),
    ]) {
      expect(await refusal(make)).toBeInstanceOf(ServiceUnavailable)
    }
  })
})

const tokenOfNobody = { access_token: 'Ag0', scope: groupsScope, resource_server: 'groups', expires_at: 0 }

/** A certificate for 127.0.0.1 that vouches for itself, in the fewest fields that X.509 allows (RFC 5280). */
function selfSigned(): { key: string; cert: string } {
  const der = (tag: number, ...parts: (Uint8Array | number[])[]): Buffer => {
    const content = Buffer.concat(parts.map((part) => Buffer.from(part)))
    const { length } = content
    return Buffer.concat([Buffer.from(length < 128 ? [tag, length] : [tag, 0x81, length]), content])
  }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const ed25519 = der(0x30, der(0x06, [0x2b, 0x65, 0x70]))
  const name = der(0x30, der(0x31, der(0x30, der(0x06, [0x55, 0x04, 0x03]), der(0x0c, Buffer.from('local')))))
  const time = (year: number): Buffer => der(0x18, Buffer.from(`${year}0101000000Z`))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const serial = der(0x02, [1, ...createHash('sha256').update(spki).digest().subarray(0, 8)])
  const content = der(0x30, serial, ed25519, name, der(0x30, time(2000), time(2999)), name, spki)
  const certificate = der(0x30, content, ed25519, der(0x03, [0], sign(null, content, privateKey)))
  const base64 = certificate.toString('base64').replace(/.{64}/g, '$&\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  }
}
