import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import { defineActionProvider } from '../../src/index.ts'
import { type Served, serveForTest } from '../served.ts'
import { contact, echo, run } from './providers.ts'
import { ask, send } from './raw-requests.ts'

let served: Served
const lines: string[] = []
beforeAll(async () => {
  const stream = { write: (line: string): void => void lines.push(line) }
  served = await serveForTest([echo], { application: { logger: { level: 'trace', stream } } })
})
afterAll(() => served.close())

const alice = (): { token: string; urn: string } => served.auth.caller({ username: 'alice' })

describe('the log', () => {
  test('stays one JSON document per line, without tokens, whatever a request says', async () => {
    lines.length = 0
    const caller = alice()
    const nasty = 'x\n{"level":60,"msg":"forged"}\r\n\u001b[31m\u2028\u0000\ud800'
    await run(served, caller, nasty, { label: 'a\nb', body: { input_string: nasty } })
    await run(served, caller, nasty, { label: nasty.repeat(20) })
    const encoded = encodeURIComponent(nasty.toWellFormed())
    for (const path of [
      `/p/${encoded}/status`,
      `/p/actions?marker=${encoded}`,
      `/${encoded}`,
      '/p/%0a%0d/log',
    ]) {
      await ask(served.app, 'GET', path, {
        authorization: `Bearer ${caller.token}`,
        'user-agent': '{"level":60}',
        'x-request-id': '"}{"level":60',
      })
    }
    await ask(served.app, 'GET', '/p/actions', { authorization: 'Bearer wrong-secret-token' })
    await send(served.app, 'GET /p HTTP/1.1\r\nx-request-id: a\rb\r\n\r\n')
    expect(lines.length).toBeGreaterThan(5)
    for (const line of lines) {
      expect(line.indexOf('\n')).toBe(line.length - 1)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f]/)
      const { level, reqId } = JSON.parse(line)
      expect(level).toBeLessThan(60)
      if (reqId !== undefined) expect(reqId).toMatch(/^[\w.-]{1,64}$/)
    }
    const text = lines.join('')
    for (const secret of [caller.token, 'wrong-secret-token']) expect(text).not.toContain(secret)
  })
})

describe('the database', () => {
  test('gives no token away, whoever has a copy of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sealed-'))
    const scope = 'urn:globus:auth:scope:transfer.api.globus.org:all'
    const waits = defineActionProvider({
      description: { ...contact, title: 'waits', synchronous: false },
      input: { type: 'object' },
      run: async ({ dependentToken, pause }) => {
        await dependentToken(scope)
        return pause({ code: 'Wait', description: 'Until somebody resumes it' })
      },
    })
    const own = await serveForTest(waits, { databaseUrl: `sqlite:${join(folder, 'actions.db')}` })
    const caller = own.auth.caller({ username: 'alice', consents: [scope] })
    const { json } = await own.ask(caller, 'POST', '/p/run', {
      request_id: 'sealed',
      body: { text: 'in plain' },
    })
    await eventually(async () => {
      const { json: now } = await own.ask(caller, 'GET', `/p/${json.action_id}/status`)
      return now.status === 'INACTIVE'
    })
    const files = await readdir(folder)
    const copies = await Promise.all(files.map((name) => readFile(join(folder, name))))
    const copy = Buffer.concat(copies).toString('latin1')
    expect(copy).toContain('in plain')
    for (const secret of [caller.token, 'fake-token', 'fake-dependent-token', 'refresh']) {
      expect(copy).not.toContain(secret)
    }
    await own.close()
    await rm(folder, { recursive: true, force: true })
  })
})
