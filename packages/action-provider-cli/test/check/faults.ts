import { randomUUID } from 'node:crypto'
import {
  type Answered,
  type Asked,
  answering,
  html,
  inDocuments,
  json,
  reading,
  type Tamper,
} from './tampered.ts'

/** Faults of providers, and the checks that name each. */
export type Planted = { fault: string; names: string[]; tamper: Tamper }

export const isRun = ({ method, url }: Asked): boolean => method === 'POST' && /\/(run|actions)\/?$/.test(url)
export const isEnumerate = ({ method, url }: Asked): boolean =>
  method === 'GET' && /\/actions\/?(\?|$)/.test(url)
export const isIntrospect = ({ method, url }: Asked): boolean => method === 'GET' && /^\/tried\/?$/.test(url)
export const isLog = ({ url }: Asked): boolean => /\/log\/?(\?|$)/.test(url)
export const query = ({ url }: Asked): URLSearchParams => new URL(url, 'http://it').searchParams

export const withStatus = (status: number) => (answered: Answered) => ({ ...answered, status })
export const without = (name: string) => (answered: Answered) => {
  const { [name]: _, ...headers } = answered.headers
  return { ...answered, headers }
}
export const description = (change: object): Tamper =>
  answering(isIntrospect, (answered) => ({
    ...answered,
    body: JSON.stringify({ ...JSON.parse(answered.body), ...change }),
  }))
export const inRequest = (change: (document: Record<string, unknown>) => object) => (asked: Asked) => {
  const document = parsed(asked.body.toString())
  return document === undefined ? asked : { ...asked, body: Buffer.from(JSON.stringify(change(document))) }
}
export const withoutQuery =
  (...names: string[]) =>
  (asked: Asked) => {
    const url = new URL(asked.url, 'http://it')
    for (const name of names) url.searchParams.delete(name)
    return { ...asked, url: url.pathname + url.search }
  }

export function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const document = JSON.parse(text)
    return typeof document === 'object' && document !== null ? document : undefined
  } catch {
    return undefined
  }
}

/** Who may not see an action is told that it exists, as by the Python toolkit. */
export function unauthorizedForOthers(): Tamper {
  const known = new Set<string>()
  return {
    after(answered, asked) {
      const document = parsed(answered.body)
      if (isRun(asked) && typeof document?.action_id === 'string') known.add(document.action_id)
      const isRelease = asked.method === 'DELETE' || asked.url.includes('/release')
      if (isRelease && answered.status === 200) known.delete(String(document?.action_id))
      const isThere = [...known].some((id) => asked.url.includes(id))
      return isThere && document?.code === 'ActionNotFound'
        ? json(401, { code: 'UnauthorizedRequest', description: 'It is not yours' })
        : answered
    },
  }
}

export const plant = (fault: string, names: string | string[], tamper: Tamper): Planted => ({
  fault,
  names: [names].flat(),
  tamper,
})

export const ten: readonly Planted[] = [
  plant(
    'it starts an action for each request, repeated or not',
    [
      'once.repeat',
      'run.routes',
      'once.same-moment',
      'run.any-content-type',
      'run.unknown-fields',
      'run.number-as-id',
      'once.conflict',
      'once.lists-are-sets',
    ],
    reading(
      isRun,
      inRequest((document) =>
        document.request_id === undefined ? document : { ...document, request_id: randomUUID() },
      ),
    ),
  ),
  plant(
    'it takes a form for no JSON',
    'run.any-content-type',
    reading(
      (asked) => isRun(asked) && /form/.test(asked.headers['content-type'] ?? ''),
      () => json(400, { code: 'BadActionRequest', description: 'Form' }),
    ),
  ),
  plant(
    'it crashes at broken JSON',
    'bad-input.not-json',
    reading(
      (asked) => isRun(asked) && asked.body.toString().endsWith(': '),
      () => json(500, { code: 'ActionProviderError', description: 'No' }),
    ),
  ),
  plant(
    'it shows an unknown route as a page',
    ['routes.unknown', 'documents.errors'],
    answering(
      (_, { status, body }) => status === 404 && body.includes('"NotFound"'),
      () => html(404),
    ),
  ),
  plant(
    'it says nothing of bearer tokens',
    'tokens.challenge',
    answering((_, { status }) => status === 401, without('www-authenticate')),
  ),
  plant(
    'it names no methods',
    'routes.method',
    answering((_, { status }) => status === 405, without('allow')),
  ),
  plant(
    'it lists all statuses where none is asked for',
    'enumerate.default',
    reading(
      (asked) => isEnumerate(asked) && !query(asked).has('status'),
      (asked) => ({ ...asked, url: `/tried/actions?${query(asked)}&status=succeeded,failed,active` }),
    ),
  ),
  plant(
    'it has no DELETE',
    ['access.hidden', 'access.monitor', 'release.routes'],
    reading(
      ({ method }) => method === 'DELETE',
      () => ({
        ...json(405, { code: 'MethodNotAllowed', description: 'No' }),
        headers: { 'content-type': 'application/json', allow: 'GET' },
      }),
    ),
  ),
  plant(
    'it writes local times',
    ['documents.times', 'documents.utc'],
    inDocuments((document) => ({ ...document, start_time: String(document.start_time).replace('Z', '') })),
  ),
  plant(
    'it keeps its log on one page',
    'log.pages',
    reading((asked) => isLog(asked) && query(asked).get('limit') === '1', withoutQuery('limit')),
  ),
]

export const more: readonly Planted[] = [
  plant(
    'it answers 401 for the action of another',
    ['access.hidden', 'access.manager'],
    unauthorizedForOthers(),
  ),
  plant(
    'it redirects to a slash',
    'introspect.answers',
    reading(
      ({ method, url }) => method === 'GET' && url === '/tried',
      () => ({ status: 308, headers: { location: '/tried/' }, body: '' }),
    ),
  ),
  plant(
    'it has no slashes at the end of status',
    'status.routes',
    reading(
      ({ url }) => url.endsWith('/status/'),
      () => json(404, { code: 'NotFound', description: 'No' }),
    ),
  ),
  plant('it calls itself version 2', 'introspect.fields', description({ api_version: '2.0' })),
  plant(
    'it names users by their names',
    'introspect.principals',
    description({ administered_by: ['alice'] }),
  ),
  plant(
    'it has a schema that is none',
    'introspect.schema',
    description({ input_schema: { type: 'objekt' } }),
  ),
  plant('it names a scope that is none', 'flows.scope', description({ globus_auth_scope: 'action_all' })),
  plant('it works for a century', 'flows.deadline', description({ maximum_deadline: 'P100Y' })),
  plant(
    'it drops the label',
    'run.shows-request',
    inDocuments(({ label: _, ...document }) => document),
  ),
  plant(
    'it takes a late deadline',
    'bad-input.deadline-late',
    reading(
      isRun,
      inRequest((document) =>
        String(document.deadline) > new Date().toISOString()
          ? { ...document, deadline: undefined }
          : document,
      ),
    ),
  ),
  plant(
    'it does not look at deadlines',
    ['bad-input.deadline-past', 'bad-input.deadline-late'],
    reading(
      isRun,
      inRequest(({ deadline: _, ...document }) => document),
    ),
  ),
  plant(
    'it refuses unknown fields',
    'run.unknown-fields',
    reading(
      (asked) => isRun(asked) && asked.body.includes('"tags"'),
      () => json(422, { code: 'RequestValidationError', description: 'tags' }),
    ),
  ),
  plant(
    'it sends nulls',
    'documents.no-null',
    inDocuments((document) => ({ ...document, display_status: null })),
  ),
  plant(
    'it sends the names of enums',
    'documents.display-status',
    inDocuments((document) => ({ ...document, display_status: `ActionStatusValue.${document.status}` })),
  ),
  plant(
    'it shows seconds as a number',
    ['run.shows-request', 'documents.durations'],
    inDocuments((document) => ({ ...document, release_after: 3600 })),
  ),
  plant('it shows the token', 'documents.no-token', {
    after: (answered, { headers, method }) =>
      method === 'GET' && answered.body.includes('"details":{')
        ? {
            ...answered,
            body: answered.body.replace('"details":{', `"details":{"auth":"${headers.authorization}",`),
          }
        : answered,
  }),
  plant(
    'it has large details',
    'flows.details-size',
    inDocuments((document) => ({ ...document, details: { all: 'x'.repeat(210_000) } })),
  ),
  plant(
    'its clock is off',
    'documents.clock',
    inDocuments(({ completion_time: end, start_time: start, ...document }) => ({
      ...document,
      start_time: hourBefore(start),
      ...(end !== undefined && { completion_time: end }),
    })),
  ),
  plant(
    'it ignores what it does not know in a query',
    'enumerate.unknown-value',
    reading(
      (asked) => isEnumerate(asked) && /done|owner|limit=0/.test(asked.url),
      withoutQuery('status', 'roles', 'limit'),
    ),
  ),
  plant('it has no pages of actions', 'enumerate.pages', answering(isEnumerate, without('link'))),
  plant(
    'it lists the oldest first',
    'enumerate.order',
    answering(
      (asked, { status }) => isEnumerate(asked) && status === 200,
      (answered) => ({ ...answered, body: JSON.stringify(JSON.parse(answered.body).reverse()) }),
    ),
  ),
  plant(
    'it starts a conflicting request anew',
    'once.conflict',
    reading(
      (asked) => isRun(asked) && asked.body.includes('another label'),
      inRequest((document) => ({ ...document, request_id: randomUUID() })),
    ),
  ),
  plant(
    'it lets monitors cancel',
    'access.monitor',
    answering(
      ({ url }, { body }) => url.endsWith('/cancel') && body.includes('ActionNotFound'),
      (_, { url }) =>
        json(200, {
          action_id: url.split('/')[2],
          status: 'FAILED',
          details: {},
          creator_id: 'urn:globus:auth:identity:00000000-0000-4000-8000-000000000001',
          completion_time: new Date().toISOString(),
        }),
    ),
  ),
  plant(
    'it answers run with 200',
    ['run.starts'],
    answering((asked, { status }) => isRun(asked) && status === 202, withStatus(200)),
  ),
]

/** Faults that show only while an action runs. */
export const whileRunning: readonly Planted[] = [
  plant(
    'it releases what runs',
    'release.running',
    answering(
      ({ url }, { status }) => /release$/.test(url) && status === 409,
      (_, { url }) =>
        json(200, {
          action_id: url.split('/')[2],
          status: 'ACTIVE',
          details: {},
          creator_id: 'urn:globus:auth:identity:00000000-0000-4000-8000-000000000001',
        }),
    ),
  ),
  plant(
    'it cancels without a word',
    'cancel.details',
    inDocuments((document) => ({ ...document, ...(document.status === 'FAILED' && { details: {} }) })),
  ),
]

function hourBefore(time: unknown): string {
  return new Date(Date.parse(String(time)) - 3_600_000).toISOString()
}
