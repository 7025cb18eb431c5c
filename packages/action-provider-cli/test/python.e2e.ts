import type { RequestListener } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Machine, steady } from './cli.ts'
import { type Pretender, pretend } from './pretend.ts'
import { createWorld, type World } from './world.ts'

let world: World
let provider: Pretender
let home: Machine

const scope = 'https://auth.globus.org/scopes/a11ce000-0000-4000-8000-000000000009/action_all'

/** As the Python toolkit answers where it differs from this project's library. */
const answers: RequestListener = (request, response) => {
  const path = request.url?.replace(/^\/skeleton|\?.*/g, '')
  const json = (status: number, document: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  }
  switch (path) {
    case '/actions':
      return json(
        200,
        ['2026-01-02T00:00:00', '2026-03-01T10:00:00.123456', '2026-02-01T00:00:00+00:00', undefined].map(
          (start_time, index) => ({ action_id: `a${index}`, status: 'SUCCEEDED', details: {}, start_time }),
        ),
      )
    case '/waits/status':
      return json(200, { action_id: 'waits', status: 'INACTIVE', details: {} })
    case '/others/status':
      return json(401, { code: 'UnauthorizedRequest', description: 'No Action with id others.' })
    default:
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not Found</h1>')
  }
}

beforeAll(async () => {
  world = await createWorld()
  provider = await pretend(
    { types: ['ACTION'], globus_auth_scope: scope, title: 'Python', input_schema: { type: 'object' } },
    answers,
  )
  home = await world.machine({ ACTION_URL: provider.url, ACTION_TOKEN: 'a-token-of-somebody' })
})
afterAll(async () => {
  await provider.close()
  await world.close()
})

describe('a provider of the Python toolkit', () => {
  test.each([[[]], [['--no-consent']]])('that cannot resume is said to be one, with %j', async (more) => {
    const run = await home.run(['resume', 'waits', ...more])
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(steady(run.stderr)).toMatchSnapshot()
  })
  test('that gives actions as they come has them listed newest first', async () => {
    const run = await home.run(['list', '--status', 'all', '-f', 'json'])
    expect(JSON.parse(run.stdout).map(({ action_id }: { action_id: string }) => action_id)).toEqual([
      'a1',
      'a2',
      'a0',
      'a3',
    ])
  })
  test('that answers 401 for the action of another is worded as what it may be', async () => {
    const run = await home.run(['status', 'others'])
    expect(run).toMatchObject({ code: 3, stdout: '' })
    expect(steady(run.stderr)).toMatchSnapshot()
  })
  test('is introspected whichever way it writes its types', async () => {
    expect((await home.run(['introspect'])).stdout).toContain('Python')
  })
})
