import { createServer, request as httpRequest, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/eventually.ts'
import { type Machine, steady } from './cli.ts'
import { createWorld, type Hosted, type World, worker } from './world.ts'

let world: World
let workerAt: Hosted
let proxy: Server
let url: string
let home: Machine
/** What happens to a request on its way; nothing when it returns false. */
let trouble: (path: string, response: ServerResponse) => boolean | 'lost-answer' | 'cut'

beforeAll(async () => {
  world = await createWorld()
  workerAt = await world.host(worker, '/worker')
  const target = new URL(workerAt.url)
  proxy = createServer((incoming, outgoing) => {
    const what = trouble(`${incoming.method} ${incoming.url}`, outgoing)
    if (what === true) return
    const onward = httpRequest(
      {
        host: target.hostname,
        port: target.port,
        method: incoming.method,
        path: incoming.url,
        headers: incoming.headers,
      },
      (answer) => {
        if (what === 'lost-answer') {
          outgoing.destroy()
          return
        }
        answer.pipe(outgoing.writeHead(answer.statusCode ?? 500, answer.headers))
        // What came first has been passed on by then.
        if (what === 'cut') answer.once('data', () => setImmediate(() => outgoing.destroy()))
      },
    )
    incoming.pipe(onward)
  })
  // It passes on the provider's promise to keep connections, so it has to keep it too.
  proxy.keepAliveTimeout = 72_000
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/worker`
  const token = await world.emulator.issueToken({ username: 'alice', scope: workerAt.scope })
  home = await world.machine({ ACTION_URL: url, ACTION_TOKEN: token })
})
beforeEach(() => {
  trouble = () => false
})
afterAll(async () => {
  proxy.closeAllConnections()
  proxy.close()
  await world.close()
})

describe('watching', () => {
  test('survives a lost network, and a provider that asks for patience', async () => {
    let looks = 0
    trouble = (path, response) => {
      if (path.includes('/updates')) {
        // As a provider of the Python toolkit.
        response.writeHead(404).end()
        return true
      }
      if (!path.endsWith('/status')) return false
      looks += 1
      if (looks === 1) response.destroy()
      else if (looks === 2) response.writeHead(503, { 'retry-after': '1' }).end('{}')
      return looks <= 2
    }
    const run = await home.run(['run', '--watch', '-b', '{"milliseconds": 500}', '-f', 'json'])
    expect(run.code).toBe(0)
    expect(JSON.parse(run.stdout).status).toBe('SUCCEEDED')
    expect(steady(run.stderr)).toMatchSnapshot()
  })
  test('goes on with a stream of updates that breaks off, also where that takes a few tries', async () => {
    let streams = 0
    let looks = 0
    trouble = (path, response) => {
      if (path.endsWith('/status')) looks += 1
      if (!path.includes('/updates')) return false
      streams += 1
      if (streams === 1) return 'cut'
      if (streams === 2) response.destroy()
      else if (streams === 3) response.writeHead(503, { 'retry-after': '1' }).end('{}')
      return streams <= 3
    }
    const run = await home.run(['run', '--watch', '-b', '{"milliseconds": 500}', '-f', 'json'])
    expect(run.code).toBe(0)
    expect(JSON.parse(run.stdout).status).toBe('SUCCEEDED')
    expect([streams, looks]).toEqual([4, 0])
    expect(steady(run.stderr).replace('ACTIVE  Working\n', '')).toMatchSnapshot()
  })
  test('ends with Ctrl-C, which leaves the action running and says how to come back', async () => {
    const { child, done, stderr } = home.start(['run', '--watch', '-b', '{"milliseconds": 60000}'])
    await eventually(() => /ACTIVE/.test(stderr()))
    child.kill('SIGINT')
    const run = await done
    expect(run).toMatchObject({ code: 130, stdout: '' })
    // On a busy machine it may have had a second look before the signal came.
    expect(steady(run.stderr).replace('ACTIVE  Working\n', '')).toMatchSnapshot()
    const [, id = ''] = run.stderr.match(/action-provider status (\S+)/) ?? []
    expect(JSON.parse((await home.run(['status', id, '-f', 'json'])).stdout).status).toBe('ACTIVE')
    await home.run(['cancel', id])
  })
  test('follows a log until the action is complete, and shows each entry once', async () => {
    const { stdout } = await home.run(['run', '-q', '-b', '{"milliseconds": 1500}', '-f', 'json'])
    const log = await home.run(['log', JSON.parse(stdout).action_id, '--watch', '-f', 'json'])
    expect(log.code).toBe(0)
    const entries = log.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).code)
    expect(entries).toEqual([...new Set(entries)])
    expect(entries).toContain('Finished')
  })
})

describe('run', () => {
  test('sends the same request again when the answer is lost, and starts nothing twice', async () => {
    let sent = 0
    trouble = (path) => path === 'POST /worker/run' && ++sent === 1 && 'lost-answer'
    const run = await home.run(['run', '-b', '{}', '-f', 'json', '--label', 'lost'])
    expect(run.code).toBe(0)
    expect(sent).toBe(2)
    expect(steady(run.stderr)).toMatchSnapshot()
    const all = await home.run(['list', '--status', 'all', '-f', 'json'])
    expect(JSON.parse(all.stdout).filter(({ label }: { label?: string }) => label === 'lost')).toHaveLength(1)
  })
})
