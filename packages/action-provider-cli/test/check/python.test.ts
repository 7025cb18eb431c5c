import { expect, test } from 'vitest'
import { echo } from '../world.ts'
import { isRun, parsed, unauthorizedForOthers } from './faults.ts'
import { answering, checked, html, inDocuments, named, reading, type Tamper } from './tampered.ts'

/** An echo provider that answers as the Python watchasay does where that differs from the interface. */
const python: readonly Tamper[] = [
  // Flask's own page for what nobody has caught.
  answering(
    (asked, { status, body }) =>
      isRun(asked) &&
      (status === 400 ||
        (status === 401 && hasBadToken(asked.headers.authorization)) ||
        body.includes('monitor_by')) &&
      status !== 202 &&
      status !== 200,
    () => html(500),
  ),
  answering(
    (_asked, { status, body }) => status === 404 && parsed(body)?.code === 'NotFound',
    () => html(404),
  ),
  answering(
    (_asked, { status }) => status === 405,
    (answered) => ({
      ...html(405),
      headers: { ...html(405).headers, allow: String(answered.headers.allow) },
    }),
  ),
  answering(
    (_asked, { status }) => status === 401,
    ({ headers: { 'www-authenticate': _, ...headers }, ...answered }) => ({ ...answered, headers }),
  ),
  unauthorizedForOthers(),
  // Values that it does not know, and pages, are nothing to it.
  reading(
    ({ method, url }) => method === 'GET' && /\/actions\?/.test(url) && /done|owner|limit/.test(url),
    (asked) => ({ ...asked, url: asked.url.replace(/\b(limit=\d+|status=done|roles=owner)&?/g, '') }),
  ),
  inDocuments((document) => ({
    label: null,
    monitor_by: null,
    manage_by: null,
    ...document,
    start_time: local(document.start_time),
    ...(document.completion_time !== undefined && { completion_time: local(document.completion_time) }),
    display_status: `ActionStatusValue.${document.status}`,
  })),
]

/** As datetime.now().isoformat() writes it: microseconds, and no zone. */
function local(time: unknown): string {
  return String(time).replace('Z', '000')
}

function hasBadToken(authorization: string | undefined): boolean {
  return authorization !== undefined && !authorization.startsWith('Bearer fake-token')
}

test('the known faults of the Python watchasay are named', async () => {
  const report = await checked(echo, python)
  expect(named(report).sort()).toEqual(
    [
      'access.hidden',
      'access.manager',
      'access.monitor',
      'bad-input.empty',
      'bad-input.every-error',
      'bad-input.not-json',
      'bad-input.not-utf8',
      'bad-input.principal',
      'documents.display-status',
      'documents.errors',
      'documents.no-null',
      'documents.times',
      'documents.utc',
      'enumerate.pages',
      'enumerate.unknown-value',
      'routes.method',
      'routes.unknown',
      'tokens.challenge',
      'tokens.malformed',
      'tokens.unknown',
    ].sort(),
  )
  expect(report).toMatchObject({ left: [], remaining: 0 })
})
