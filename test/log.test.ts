import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Globus, helloWorld, startGlobus, startProgram, watchasay } from './program.ts'

let globus: Globus
let folder: string
beforeAll(async () => {
  globus = await startGlobus()
  folder = await mkdtemp(join(tmpdir(), 'log-'))
})
afterAll(async () => {
  await globus.close()
  await rm(folder, { recursive: true, force: true })
})

const SAID = 'something-nobody-else-should-read'

for (const [name, main, input] of [
  ['watchasay', watchasay, { input_string: SAID }],
  ['hello-world', helloWorld, { echo_string: SAID, required_dependent_scope: `urn:${SAID}` }],
] as const) {
  test(`no line that ${name} logs at any level holds a token, a secret or what a caller sent`, async () => {
    const program = await startProgram(main, {
      ...globus.environment,
      DATABASE_URL: `sqlite:${join(folder, `${name}.db`)}`,
      LOG_LEVEL: 'trace',
    })
    const token = await globus.token('alice')
    const unknown = 'a-token-that-nobody-knows'
    const ask = (
      method: string,
      path: string,
      { body, as = `Bearer ${token}` }: { body?: unknown; as?: string } = {},
    ): Promise<{ action_id?: string; status?: string }> =>
      fetch(`${program.url}${path}`, {
        method,
        headers: { authorization: as, cookie: SAID, 'x-more': SAID },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }).then((response) => response.json() as Promise<{ action_id?: string }>)

    const run = { request_id: SAID, body: input, label: SAID }
    const { action_id } = await ask('POST', '/run', { body: run })
    await ask('POST', '/run', { body: run })
    await ask('POST', '/run', { body: { ...run, label: `${SAID}2` } })
    await ask('POST', '/run', {
      body: { ...run, body: { [SAID]: SAID, more: { [SAID]: 1 } }, deadline: SAID },
    })
    await ask('POST', '/run', { body: `{"${SAID}` })
    await ask('POST', '/run', { body: run, as: `Bearer ${unknown}` })
    await ask('POST', '/run', { body: run, as: `Basic ${unknown}` })
    await ask('GET', `/actions?status=${SAID}&marker=${SAID}`)
    for (const path of ['status', 'log']) await ask('GET', `/${action_id}/${path}`)
    for (const path of ['resume', 'cancel', 'release']) await ask('POST', `/${action_id}/${path}`)
    await globus.emulator.setFault({ endpoint: '*', status: 500 })
    await ask('POST', '/run', { body: run, as: `Bearer ${unknown}-2` })
    await globus.emulator.clearFaults()

    await program.signal('SIGTERM')
    const { stdout, stderr } = program.output()
    const log = stdout + stderr
    expect(log).toContain('"operation":"run"')
    for (const secret of [token, unknown, SAID, globus.environment.CLIENT_SECRET ?? '']) {
      expect(log).not.toContain(secret)
    }
  })
}
