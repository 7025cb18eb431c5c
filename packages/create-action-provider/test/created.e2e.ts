import { once } from 'node:events'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { connect } from 'action-provider-tools/client'
import { startEmulator } from 'globus-emulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, startPostgres } from '../../action-provider-tools/test/postgres.ts'
import { TEMPLATES } from '../src/templates.ts'
import { runDockerfile } from './dockerfile.ts'
import { type Installed, installPacked } from './installed.ts'

/** Each template as its user meets it: made, installed from the packed packages, checked, tested, started, called, stopped. */

let installed: Installed
beforeAll(async () => {
  installed = await installPacked()
}, 300_000)
afterAll(() => installed?.close())

const make = (project: string, template: string) =>
  installed.run([
    ...['npx', '--no', 'create-action-provider', project],
    ...['--template', template, '--no-install', '--json'],
  ])

describe.each(Object.keys(TEMPLATES))('a project of the template %s', (template) => {
  const project = `my-${template}`
  const script = (...words: string[]) => installed.run(['npm', 'run', '--silent', ...words], { project })

  test('is made by the packed package', async () => {
    const { code, stdout, stderr } = await make(project, template)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ name: project, template, installed: false, git: true })
  })

  test('has no error of types', async () => {
    expect(await script('check')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('passes its own tests', async () => {
    const { code, stdout, stderr } = await script('test')
    expect(code, stdout + stderr).toBe(0)
  })

  test('conforms to the interface', async () => {
    const { code, stdout, stderr } = await script('conformance')
    expect(code, stdout + stderr).toBe(0)
  })

  test('serves at once, is called by the command line, and stops when it is told to', async () => {
    const env = { PORT: `${await freePort()}`, EMULATOR_PORT: '0' }
    const server = installed.start(['npm', 'start'], { project, env })
    const url = await server.printed(/ serves at (\S+)\n/)
    const token = await server.printed(/TOKEN=(\S+)\n/)
    const body = await server.printed(/--data '(.*)'\n/)
    const input = JSON.stringify((JSON.parse(body) as { body: unknown }).body)
    const run = ['npx', '--no', 'action-provider', 'run', '-u', url, '--body', input, '--trust', '--watch']
    const ran = await installed.run([...run, '--format', 'json'], { project, env: { ACTION_TOKEN: token } })
    expect(ran.code, ran.stderr).toBe(0)
    expect(JSON.parse(ran.stdout)).toMatchObject({ status: 'SUCCEEDED' })
    await server.stop()
    await expect(fetch(url)).rejects.toThrow()
  })
})

test('a project of the template event submits to an outside service, and goes on at the event that this delivers', async () => {
  const project = 'my-event'
  const orders: Record<string, unknown>[] = []
  const service = createServer(async (request, response) => {
    if (request.method === 'POST') orders.push({ ...request.headers, ...((await json(request)) as object) })
    response.end(JSON.stringify(request.method === 'POST' ? { id: 'order-1' } : { to: 2, be: 2 }))
  })
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  const { port } = service.address() as AddressInfo
  const server = installed.start(['npm', 'start'], {
    project,
    env: {
      PORT: `${await freePort()}`,
      EMULATOR_PORT: '0',
      SERVICE_URL: `http://127.0.0.1:${port}`,
      SERVICE_TOKEN: 'secret',
    },
  })
  const url = await server.printed(/ serves at (\S+)\n/)
  const token = await server.printed(/TOKEN=(\S+)\n/)
  const action = await connect(url, { token }).run({ text: 'to be or not to be' })
  await expect
    .poll(() => action.status(), { timeout: 60_000 })
    .toMatchObject({ display_status: 'Waiting for done' })
  expect(orders).toMatchObject([{ authorization: 'Bearer secret', text: 'to be or not to be' }])
  const callback = `${orders[0]?.callback}`
  expect(callback.startsWith(`${url}/actions/${action.id}/events/done?`)).toBe(true)
  const delivered = await fetch(callback, { method: 'POST', body: '{"ok":true}' })
  expect(delivered.status).toBe(200)
  expect(await action.finished()).toMatchObject({
    status: 'SUCCEEDED',
    details: { order: 'order-1', counts: { to: 2, be: 2 } },
  })
  expect(orders).toHaveLength(1)
  await server.stop()
  service.close()
})

test('a project of the template event says in production what it needs', async () => {
  const ended = await installed.run(['node', 'src/main.ts'], {
    project: 'my-event',
    env: { NODE_ENV: 'production' },
  })
  expect([ended.code, ended.stderr]).toEqual([
    1,
    'PUBLIC_URL, SERVICE_URL and SERVICE_TOKEN are needed in production: see .env.example\n',
  ])
})

test('the steps of its Dockerfile make what serves from PostgreSQL, says how it is, and ends with 0 at SIGTERM', async () => {
  const project = 'in-docker'
  await make(project, 'echo')
  const context = join(installed.folder, project)
  // The packages are found where they were packed, beside the folder of the project, instead of in a registry.
  const manifest = JSON.parse(await readFile(join(context, 'package.json'), 'utf8'))
  const packed = JSON.parse(await readFile(join(installed.folder, 'package.json'), 'utf8')).dependencies
  for (const kind of ['dependencies', 'devDependencies']) {
    for (const name of Object.keys(manifest[kind])) manifest[kind][name] = packed[name]
  }
  await writeFile(join(context, 'package.json'), JSON.stringify(manifest))
  const lock = await installed.run(['npm', 'install', '--package-lock-only', '--prefer-offline'], { project })
  expect(lock.code, lock.stderr).toBe(0)

  const stages = join(installed.folder, 'stages')
  await mkdir(stages)
  const text = await readFile(join(context, 'Dockerfile'), 'utf8')
  const image = await runDockerfile(text, context, stages, (stage) =>
    symlink(join(installed.folder, 'packs'), join(stage, 'packs')),
  )
  expect(image.user).toBe('1000:1000')

  const [emulator, postgres] = await Promise.all([startEmulator({ port: 0 }), startPostgres()])
  const { client_id, client_secret, scopes } = await emulator.register({
    name: project,
    scopes: [{ suffix: 'action_all' }],
  })
  const server = installed.start(image.command, {
    project: image.folder,
    env: {
      ...image.env,
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: postgres.url,
      CLIENT_ID: client_id,
      CLIENT_SECRET: client_secret,
      SCOPE: scopes[0] ?? '',
      GLOBUS_SDK_SERVICE_URL_AUTH: emulator.url,
      GLOBUS_SDK_SERVICE_URL_GROUPS: emulator.url,
    },
  })
  const { port } = new URL(await server.printed(/ serves at (\S+)\n/))
  const health = () => installed.run(image.healthcheck, { project: image.folder, env: { PORT: port } })
  expect((await health()).code).toBe(0)
  expect(await server.stop()).toBe(0)
  expect((await health()).code).toBe(1)
  await Promise.all([emulator.close(), postgres.close()])
})
