import fc from 'fast-check'

/** A request that may be anything, though most are near to what the interface describes: that is where bugs are. */
export type HttpRequest = {
  method: string
  path: string
  headers: Record<string, string>
  body: string | Uint8Array | undefined
}

/** What a request may name that exists: the tokens of callers and the ids of actions. */
export type Known = { tokens: readonly string[]; actionIds: readonly string[] }

const METHODS = ['GET', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH', 'HEAD']
const CONTENT_TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'x',
  'multipart/form-data',
]

const URNS = [
  'urn:globus:auth:identity:01234567-89ab-4cde-8f01-23456789abcd',
  'urn:globus:groups:id:01234567-89ab-4cde-8f01-23456789abcd',
  'all_authenticated_users',
  'public',
  'urn:globus:auth:identity:x',
]
const DURATIONS = ['P30D', 'PT1S', 'P1Y2M', 'PT', '-P1D', 'P99999999999D', 60, -1, 1e308, '60']
const TIMES = [
  '2099-01-01T00:00:00Z',
  '1999-01-01T00:00:00Z',
  '2099-13-01T00:00:00Z',
  'soon',
  '+275760-09-13T00:00:00Z',
  0,
]

/** Names that JavaScript and databases treat in their own way, and texts with bytes that break lines and encodings. */
const ODD = [
  '__proto__',
  'constructor',
  'toString',
  '',
  ' ',
  '\0',
  '\ud800',
  '\r\nX: y',
  "';--",
  '%00',
  '../..',
  '𝕏'.repeat(70),
]

const odd = fc.constantFrom(...ODD)
const text = fc.oneof({ weight: 3, arbitrary: fc.string({ maxLength: 80, unit: 'binary' }) }, odd)
const anything = fc.oneof(fc.jsonValue({ maxDepth: 4 }), text, fc.double(), fc.constantFrom(null, [], {}))

/** Mostly what is meant, now and then anything. */
const mostly = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 6, arbitrary }, { weight: 1, arbitrary: anything })

const actionRequest = fc
  .record(
    {
      request_id: mostly(fc.oneof(text, fc.constantFrom('1', '2', '3', 1, 2, 2 ** 60))),
      body: mostly(fc.record({ input_string: mostly(text) }, { requiredKeys: [] })),
      label: mostly(text),
      monitor_by: mostly(fc.array(mostly(fc.constantFrom(...URNS)), { maxLength: 3 })),
      manage_by: mostly(fc.array(mostly(fc.constantFrom(...URNS)), { maxLength: 3 })),
      allowed_clients: mostly(
        fc.array(fc.constantFrom('public', 'globus', 'creator', 'x'), { maxLength: 3 }),
      ),
      deadline: mostly(fc.constantFrom(...TIMES)),
      release_after: mostly(fc.constantFrom(...DURATIONS)),
      tags: anything,
    },
    { requiredKeys: ['request_id', 'body'] },
  )
  .chain((request) =>
    fc.oneof(
      { weight: 8, arbitrary: fc.constant(request as Record<string, unknown>) },
      { weight: 1, arbitrary: fc.tuple(odd, anything).map(([key, value]) => ({ ...request, [key]: value })) },
    ),
  )

/** A deadline that can be met. */
const DEADLINE = new Date(Date.now() + 86_400_000).toISOString()

/** What a careful client sends: a few ids, so that requests are repeated, alike and not. */
const properRequest = fc.record(
  {
    request_id: fc.oneof(fc.constantFrom('1', '2', '3'), fc.uuid()),
    body: fc.record({ input_string: fc.string({ maxLength: 20, unit: 'binary' }) }),
    label: fc.string({ minLength: 1, maxLength: 32 }),
    monitor_by: fc.uniqueArray(fc.constantFrom(...URNS.slice(0, 2))),
    manage_by: fc.uniqueArray(fc.constantFrom(...URNS.slice(0, 2))),
    deadline: fc.constant(DEADLINE),
    release_after: fc.constantFrom('P30D', 'PT1S', 60, 'PT0S'),
  },
  { requiredKeys: ['request_id', 'body'] },
)

/** One of a few, so that some are sent again as they are. */
const repeatedRequest = fc
  .constantFrom('again 1', 'again 2', 'again 3')
  .map((request_id) => ({ request_id, body: { input_string: 'x' } }))

/** One in which a single part of the input is whatever a schema may be about. */
const curiousRequest = fc
  .tuple(
    properRequest,
    fc.constantFrom('count', 'kind', 'list', 'name', 'at', 'either', 'not', 'input_string', 'more'),
    fc.oneof(
      anything,
      fc.integer({ min: -2, max: 12 }),
      fc.constantFrom('a', 'aaaa', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '2026-01-31T12:00:00Z', {
        x: 1,
      }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
    ),
  )
  .map(([request, name, value]) => ({ ...request, body: { ...request.body, [name]: value } }))

const deep = fc.integer({ min: 1, max: 20_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`)

const body: fc.Arbitrary<string | Uint8Array | undefined> = fc.oneof(
  {
    weight: 15,
    arbitrary: fc
      .oneof(properRequest, repeatedRequest, curiousRequest, actionRequest)
      .map((request) => JSON.stringify(request)),
  },
  { weight: 1, arbitrary: anything.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: actionRequest.chain((request) => cut(JSON.stringify(request))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  { weight: 1, arbitrary: deep.map((nested) => `{"request_id":"deep","body":{"input_string":${nested}}}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '{"request_id":"p","body":{"__proto__":{"input_string":"x"}}}',
      '{"request_id":12345678901234567891,"body":{"input_string":"x"}}',
      '{"request_id":1e400,"body":{"input_string":"x","more":[-1e400]}}',
      undefined,
    ),
  },
)

function cut(json: string): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max: json.length }).map((end) => json.slice(0, end))
}

function path(prefix: string, { actionIds }: Known): fc.Arbitrary<string> {
  const segment = fc
    .oneof(text, fc.constantFrom(...ODD))
    .map((value) => encodeURIComponent(value.toWellFormed()))
  const id = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...actionIds) },
    { weight: 1, arbitrary: fc.uuid() },
    { weight: 1, arbitrary: segment },
  )
  const operation = fc.constantFrom('status', 'cancel', 'resume', 'release', 'log', 'x')
  const route = fc.oneof(
    fc.constantFrom('', '/', '/run', '/run/', '/actions', '/actions/', '//', '/%', '/%ff', '/run/x/y/z'),
    fc.tuple(id, operation).map(([action, name]) => `/${action}/${name}`),
    fc.tuple(id, operation).map(([action, name]) => `/actions/${action}/${name}`),
    id.map((action) => `/actions/${action}`),
    fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`),
  )
  const value = fc.oneof(
    fc.constantFrom(
      'active',
      'SUCCEEDED,failed',
      'creator_id',
      'monitor_by,manage_by',
      '1',
      '100',
      '0',
      '-1',
      '1e9',
    ),
    fc.constantFrom(...TIMES.map(String)),
    segment,
    id,
  )
  const name = fc.constantFrom(
    'status',
    'roles',
    'limit',
    'marker',
    'pagination_token',
    'per_page',
    'reverse_order',
    'since',
    'until',
    '__proto__',
    'x',
  )
  const query = fc
    .array(fc.tuple(name, value), { maxLength: 4 })
    .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.map((pair) => pair.join('=')).join('&')}`))
  return fc.tuple(route, query).map(([where, asked]) => `${prefix}${where}${asked}`)
}

function headers({ tokens }: Known): fc.Arbitrary<Record<string, string>> {
  const visible = fc.string({
    maxLength: 60,
    unit: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)),
  })
  const authorization = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...tokens).map((token) => `Bearer ${token}`) },
    { weight: 1, arbitrary: visible.map((token) => `Bearer ${token}`) },
    { weight: 1, arbitrary: fc.constantFrom('Bearer', 'Bearer  ', 'Basic eDp5', 'bearer x', '') },
    { weight: 1, arbitrary: visible },
  )
  return fc
    .record(
      {
        authorization,
        'content-type': fc.oneof(fc.constantFrom(...CONTENT_TYPES), visible),
        accept: visible,
        'content-encoding': fc.constantFrom('gzip', 'identity', 'x'),
        origin: visible,
      },
      { requiredKeys: ['authorization'] },
    )
    .map((given) => given as Record<string, string>)
}

/** The method and the path of an operation, with an action that exists. */
function operation(prefix: string, { actionIds }: Known): fc.Arbitrary<Pick<HttpRequest, 'method' | 'path'>> {
  const onAction = fc
    .tuple(fc.constantFrom('status', 'log', 'cancel', 'resume', 'release'), fc.constantFrom(...actionIds))
    .map(([name, id]) => ({
      method: name === 'status' || name === 'log' ? 'GET' : 'POST',
      path: `${prefix}/${id}/${name}`,
    }))
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant({ method: 'POST', path: `${prefix}/run` }) },
    { weight: 3, arbitrary: onAction },
    {
      weight: 1,
      arbitrary: fc.constant({ method: 'GET', path: `${prefix}/actions?status=active,inactive,succeeded` }),
    },
  )
}

/** Requests to a provider at `prefix`: what it is for, what is near to that, and what is not. */
export function arbitraryRequest(prefix: string, known: Known): fc.Arbitrary<HttpRequest> {
  const anywhere = fc.record({
    method: fc.oneof({ weight: 5, arbitrary: fc.constantFrom('GET', 'POST') }, fc.constantFrom(...METHODS)),
    path: path(prefix, known),
  })
  return fc
    .tuple(fc.oneof(anywhere, operation(prefix, known)), headers(known), body)
    .map(([where, given, content]) => ({ ...where, headers: given, body: content }))
}
