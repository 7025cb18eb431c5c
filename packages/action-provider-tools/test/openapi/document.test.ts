import { createConfig, lintFromString } from '@redocly/openapi-core'
import spectral from '@stoplight/spectral-core'
import rulesets from '@stoplight/spectral-rulesets'
import Type from 'typebox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { watchasay } from '../../../../examples/watchasay/src/watchasay.ts'
import { type ActionProvider, type ActionStatus, defineActionProvider } from '../../src/index.ts'
import { type OpenApiDocument, openApiDocument } from '../../src/openapi/openapi-document.ts'
import { fakeGroup } from '../../src/testing/index.ts'
import { type Served, serveForTest } from '../served.ts'
import { uncheckedFetch } from './checked-answers.ts'
import { documentOf } from './drift.ts'

const admin_contact = 'support@example.org'

/** Recursion, tuples and words of an older dialect; resume, log and enumerate. */
const full = defineActionProvider({
  description: { title: 'full', subtitle: 'All there is', admin_contact, synchronous: false },
  input: {
    $schema: 'http://json-schema.org/draft-04/schema#',
    type: 'object',
    properties: {
      size: { type: 'number', minimum: 0, exclusiveMinimum: true },
      tree: { $ref: '#/definitions/node' },
    },
    required: ['size'],
    definitions: {
      node: {
        type: 'object',
        properties: { children: { type: 'array', items: { $ref: '#/definitions/node' } } },
      },
    },
  },
  run: () => ({}),
})
/** No log, not for everybody, and its author may refuse anything. */
const closed = defineActionProvider({
  description: {
    title: 'closed',
    description: 'For the staff',
    admin_contact: 'https://example.org/help',
    synchronous: true,
    visible_to: [fakeGroup('staff')],
  },
  input: Type.Object({ text: Type.String() }),
  additionalScopes: ['https://auth.globus.org/scopes/d3a66776-759f-4316-ba55-21725fe37323/other'],
  hooks: { before: () => {} },
  run: () => ({}),
})
/** Nothing that need not be. */
const status = (): never => {
  throw new Error('Nobody asks')
}
const bare = defineActionProvider({
  description: { title: 'bare', admin_contact: 'the staff', synchronous: true },
  input: { type: 'object' },
  run: (): ActionStatus => status(),
  status,
  cancel: status,
  release: status,
})
const PROVIDERS: readonly [prefix: string, provider: ActionProvider][] = [
  ['/p', watchasay],
  ['/p2', full],
  ['/p3', closed],
  ['/p4', bare],
]

let served: Served
const documents = new Map<ActionProvider, OpenApiDocument>()
const of = (provider: ActionProvider): OpenApiDocument => documents.get(provider) as OpenApiDocument

beforeAll(async () => {
  served = await serveForTest(PROVIDERS.map(([, provider]) => provider))
  const staff = served.auth.caller({ username: 'alice', groups: ['staff'] })
  for (const [prefix, provider] of PROVIDERS) {
    documents.set(provider, (await served.ask(staff, 'GET', `${prefix}/openapi.json`)).json)
  }
})
afterAll(() => served.close())

/** Every operation of a document. */
function operations(document: OpenApiDocument): [name: string, operation: Record<string, unknown>][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Record<string, unknown>] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  )
}
const routes = (document: OpenApiDocument): string[] => operations(document).map(([name]) => name)

describe('the document', () => {
  test('has every route of its provider, and none that it does not have', () => {
    expect(routes(of(full)).sort()).toEqual(
      [
        'GET /',
        'OPTIONS /',
        'GET /openapi.json',
        'OPTIONS /openapi.json',
        'POST /run',
        'POST /actions',
        'GET /actions',
        ...['status', 'log'].map((each) => `GET /{action_id}/${each}`),
        ...['cancel', 'resume', 'release'].map((each) => `POST /{action_id}/${each}`),
        'GET /actions/{action_id}',
        'DELETE /actions/{action_id}',
        'GET /actions/{action_id}/log',
        'GET /actions/{action_id}/updates',
        ...['cancel', 'resume', 'events/{event}'].map((each) => `POST /actions/{action_id}/${each}`),
      ].sort(),
    )
    expect(routes(of(watchasay)).join()).not.toContain('log')
    expect(routes(of(bare)).join()).not.toMatch(/log|resume|GET \/actions$/)
    expect(of(bare).components.schemas).not.toHaveProperty('ActionLogPage')
  })

  test('is what the check of answers works with', async () => {
    for (const [, provider] of PROVIDERS) {
      expect(of(provider)).toEqual(await documentOf(served.app, provider, served.auth))
    }
  })

  test('has the input schema in place, as 2020-12', () => {
    const { schemas } = of(full).components
    expect(schemas.ActionRequest).toMatchObject({
      properties: { body: { $ref: '#/components/schemas/Input' } },
    })
    expect(schemas.Input).toEqual({
      type: 'object',
      properties: {
        size: { type: 'number', exclusiveMinimum: 0 },
        tree: { $ref: '#/components/schemas/Input_node' },
      },
      required: ['size'],
    })
    expect(JSON.stringify(of(watchasay).components)).not.toMatch(/"\$schema"|"\$id"/)
  })

  test('has an example that the input schema accepts', () => {
    expect(of(full).paths['/run']?.post?.requestBody).toMatchObject({
      content: { 'application/json': { example: { request_id: 'some-id', body: { size: 1 } } } },
    })
  })

  test('is made once, and without an example where the check of the author fails at one', async () => {
    let checks = 0
    const validate = (): never => {
      checks++
      throw new Error('Unheard of')
    }
    const standard = {
      version: 1,
      vendor: 'test',
      validate,
      jsonSchema: { input: () => ({ type: 'object' }) },
    } as const
    const { url, close } = await serveForTest(
      defineActionProvider({
        description: { title: 'picky', admin_contact, synchronous: true },
        input: { '~standard': standard },
        run: () => ({}),
      }),
    )
    // The check would make a document of its own, and ask for another example.
    const texts = [1, 2].map(async () => (await uncheckedFetch(`${url}/p/openapi.json`)).text())
    const [first = '', second] = await Promise.all(texts)
    expect([second, checks]).toEqual([first, 1])
    expect(JSON.parse(first).paths['/run'].post.requestBody.content['application/json']).not.toHaveProperty(
      'example',
    )
    await close()
  })

  test('says where tokens come from, for each scope that is good', () => {
    const { securitySchemes } = of(closed).components
    const scopes = [served.auth.scope, ...closed.additionalScopes]
    expect(securitySchemes.GlobusAuth).toMatchObject({
      type: 'oauth2',
      flows: {
        authorizationCode: {
          authorizationUrl: 'https://auth.globus.org/v2/oauth2/authorize',
          scopes: Object.fromEntries(scopes.map((scope) => [scope, expect.any(String)])),
        },
      },
    })
    const elsewhere = openApiDocument({
      description: closed.describe(served.auth.scope),
      routes: {},
      authUrl: 'http://127.0.0.1:5001/',
    })
    expect(elsewhere.components.securitySchemes.GlobusAuth).toMatchObject({
      flows: { clientCredentials: { tokenUrl: 'http://127.0.0.1:5001/v2/oauth2/token' } },
    })
  })

  test('names errors that the provider may give, and no others', () => {
    const statuses = (document: OpenApiDocument, path: string, method: string): string[] =>
      Object.keys((document.paths[path]?.[method]?.responses ?? {}) as object)
    expect(statuses(of(full), '/', 'get')).toEqual(['200', '400', '429', '500', '503'])
    expect(statuses(of(closed), '/', 'get')).toEqual('200 400 401 403 429 500 503 default'.split(' '))
    expect(statuses(of(full), '/run', 'post')).toEqual(
      '200 202 400 401 403 409 413 422 429 500 503'.split(' '),
    )
    expect(statuses(of(full), '/{action_id}/status', 'get')).toEqual(
      '200 400 401 403 404 429 500 503'.split(' '),
    )
  })
})

describe('who may read it', () => {
  test('whoever may introspect, from any web page', async () => {
    for (const path of ['/p/openapi.json', '/p/openapi.json/']) {
      const answer = await served.ask(undefined, 'GET', path)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect((await served.ask(undefined, 'OPTIONS', path)).status).toBe(204)
    }
    expect((await served.ask(undefined, 'GET', '/p3/openapi.json')).status).toBe(401)
    const stranger = served.auth.caller({ username: 'bob' })
    expect((await served.ask(stranger, 'GET', '/p3/openapi.json')).status).toBe(403)
    const wrong = await served.ask(undefined, 'POST', '/p/openapi.json', {})
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })
})

describe('those who read such documents for a living say nothing', () => {
  test.each(PROVIDERS)('Redocly, by its recommended rules, of %s', async (_prefix, provider) => {
    const source = JSON.stringify(of(provider), undefined, 1)
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source, config, absoluteRef: 'openapi.json' })
    const messages = problems.map(({ ruleId, message, location }) => ({
      ruleId,
      message,
      at: location[0]?.pointer,
    }))
    // The interface has both `/{action_id}/status` and `/actions/{action_id}`: what is written out goes first.
    expect(messages.filter(({ ruleId }) => ruleId !== 'no-ambiguous-paths')).toEqual([])
    for (const { message } of messages) {
      expect(message).toContain('`/actions/{action_id}`')
      expect(message).toMatch(/`\/\{action_id\}\/\w+`/)
    }
  })

  test.each(PROVIDERS)('Spectral, by its rules for OpenAPI, of %s', async (_prefix, provider) => {
    const linter = new spectral.Spectral()
    linter.setRuleset({ extends: [rulesets.oas as never] })
    const problems = await linter.run(JSON.stringify(of(provider)))
    expect(problems.map(({ code, message, path }) => ({ code, message, at: path.join('/') }))).toEqual([])
  })
})

describe('Globus takes it for a Registered API', () => {
  test.each(PROVIDERS)('%s', (_prefix, provider) => {
    const document = of(provider)
    expect(document.openapi).toBe('3.1.0')
    expect(document.servers).toEqual([{ url: '.', description: expect.any(String) }])
    const scopes = [served.auth.scope, ...provider.additionalScopes]
    for (const [name, operation] of operations(document)) {
      // A target is `METHOD /path`, with one content type at most, and is known by its summary.
      expect(name).toMatch(/^[A-Z]+ \/\S*$/)
      expect(operation.summary).toEqual(expect.any(String))
      const { content } = (operation.requestBody ?? { content: {} }) as { content: object }
      expect(Object.keys(content).length).toBeLessThanOrEqual(1)
      // Each scope is a requirement of its own, the one to ask for first.
      const security = operation.security as Record<string, string[]>[]
      if (security.length > 0) expect(security).toEqual(scopes.map((scope) => ({ GlobusAuth: [scope] })))
      else expect(name).toMatch(/^OPTIONS|^GET \/(openapi\.json)?$/)
      // What is kept of a document is the operation with the schemas that it leads to, and nothing else.
      expectKept(document, operation)
    }
  })

  /** Follows references as that tool does, by whole components. */
  function expectKept(document: OpenApiDocument, part: unknown, seen = new Set<string>()): void {
    for (const [, reference = ''] of JSON.stringify(part).matchAll(/"\$ref":"([^"]*)"/g)) {
      const name = /^#\/components\/schemas\/([^/]+)$/.exec(reference)?.[1]
      expect([reference, Object.keys(document.components.schemas)]).toEqual([
        reference,
        expect.arrayContaining([name]),
      ])
      if (name === undefined || seen.has(name)) continue
      seen.add(name)
      expectKept(document, document.components.schemas[name], seen)
    }
  }
})
