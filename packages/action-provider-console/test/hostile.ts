import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export const markup =
  '<img src=x onerror="globalThis.hacked = true"><script>globalThis.hacked = true</script>'
/** Turns the direction of what follows, rings a bell, and begins an escape sequence of a terminal. */
export const controls = 'a\u202egpj.exe\u0007\u001b[31m\u2028b'

const bad = `${markup} ${controls}`

export type Hostile = { url: string; close(): Promise<void> }

/**
 * A provider that does what it can to its users' browsers. What it is asked decides what is wrong.
 *
 * @param scope what it says that its tokens need
 */
export async function startHostile(scope: string, identity: string): Promise<Hostile> {
  const status = (id: string): Record<string, unknown> => ({
    action_id: id,
    status: 'INACTIVE',
    creator_id: `urn:globus:auth:identity:${identity}`,
    label: bad,
    display_status: bad,
    start_time: bad,
    release_after: bad,
    monitor_by: [bad, 1, null],
    manage_by: { not: 'a list' },
    details: {
      code: 'ConsentRequired',
      description: bad,
      required_scope: 'urn:globus:auth:scope:transfer.api.globus.org:all',
      resolution_url: 'javascript:globalThis.hacked=true',
      [bad]: [bad, { __proto__: 1 }, 'NUMBER'],
      deep: deep(200),
      long: 'x'.repeat(1_000_000),
    },
  })
  const answers: Record<string, (page: number, origin: string) => unknown> = {
    '/': () => ({
      types: ['ACTION'],
      api_version: '1.0',
      globus_auth_scope: scope,
      title: bad,
      subtitle: bad,
      description: bad.repeat(500),
      keywords: [bad],
      admin_contact: 'javascript:globalThis.hacked=true',
      visible_to: ['public', bad],
      runnable_by: [bad],
      synchronous: 'perhaps',
      log_supported: true,
      maximum_deadline: bad,
      input_schema: {
        title: bad,
        description: bad,
        properties: {
          slow: { type: 'string', pattern: '^(a+)+$', title: bad },
          [bad]: { enum: [bad, null, {}] },
          self: { $ref: '#' },
          wrong: { type: 'no such type', minLength: 'x' },
        },
      },
    }),
    '/one/status': () => status('one'),
    '/wrong/status': () => ({ action_id: [], status: 7, details: null }),
    '/run': () => ({ action_id: '../../other?x', status: 'SUCCEEDED', details: bad, creator_id: 5 }),
    '/one/log': (page) => ({
      entries: Array.from({ length: 100 }, () => ({
        time: bad,
        code: bad,
        description: bad,
        details: { bad },
      })),
      has_next_page: true,
      marker: String(page),
    }),
    '/actions': () =>
      Array.from({ length: 100 }, (_, index) => ({ ...status(`many-${index}`), details: bad })),
  }
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    const page = Number(searchParams.get('marker') ?? 0) + 1
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`
    const answer = answers[pathname.replace(/^\/p/, '') || '/']?.(page, origin)
    const text = JSON.stringify(answer ?? { code: bad, description: bad }).replaceAll(
      '"NUMBER"',
      '12345678901234567890.10',
    )
    response
      .writeHead(answer === undefined ? 404 : 200, {
        'content-type': 'text/html',
        link: `<${origin}/p/actions?marker=${page}>; rel="next"`,
      })
      .end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/p`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function deep(levels: number): unknown {
  return levels === 0 ? 'bottom' : { in: deep(levels - 1) }
}
