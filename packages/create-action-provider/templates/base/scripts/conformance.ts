/** `npm run conformance`: starts the provider beside a Globus emulator, and checks whether it conforms to the interface. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { groupsScope, startEmulator } from 'globus-emulator'

const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
const emulator = await startEmulator({ port: 0 })
const { client_id, client_secret, scopes } = await emulator.register({
  name: '__name__',
  scopes: [{ suffix: 'action_all', dependents: [groupsScope] }],
})
const [scope = ''] = scopes
const globus = {
  GLOBUS_SDK_SERVICE_URL_AUTH: emulator.url,
  GLOBUS_SDK_SERVICE_URL_GROUPS: emulator.url,
}
const server = spawn(process.execPath, ['src/main.ts'], {
  env: {
    ...process.env,
    ...globus,
    CLIENT_ID: client_id,
    CLIENT_SECRET: client_secret,
    SCOPE: scope,
    DATABASE_URL: `sqlite:${join(folder, 'actions.db')}`,
    HOST: '127.0.0.1',
    PORT: `${await freePort()}`,
    LOG_LEVEL: 'warn',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const ended = once(server, 'exit')
try {
  process.exitCode = await check(await servedAt())
} finally {
  server.kill('SIGTERM')
  await ended
  await emulator.close()
  await rm(folder, { recursive: true })
}

/** A port of this machine that is free: callback URLs name it. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The URL that the provider serves at, once it does. */
async function servedAt(): Promise<string> {
  for await (const line of createInterface(server.stdout)) {
    const [, url] = / serves at (\S+)$/.exec(line) ?? []
    if (url === undefined) continue
    // What it prints from now on is for nobody, and must not fill the pipe.
    server.stdout.resume()
    return url
  }
  throw new Error('The provider ended before it served: its reason stands above')
}

async function check(url: string): Promise<number> {
  const other = join(folder, 'bob.token')
  await writeFile(other, await emulator.issueToken({ username: 'bob', scope }), { mode: 0o600 })
  const options = ['--trust', '--as-other-token-file', other, '--junit', 'conformance.xml']
  const checker = spawn('npx', ['action-provider', 'check', url, ...options], {
    env: { ...process.env, ...globus, ACTION_TOKEN: await emulator.issueToken({ username: 'alice', scope }) },
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  const [code] = (await once(checker, 'exit')) as [number | null]
  return code ?? 1
}
