import { describe, expect, test } from 'vitest'
import { InvalidDefinition } from '../errors.ts'
import { type GlobusUrlOptions, globusUrls, isLoopback } from './globus-urls.ts'

const urls = (options: GlobusUrlOptions, variables: Record<string, string> = {}) => {
  const { auth, groups } = globusUrls(options, variables)
  return [auth.href, groups.href]
}

describe('the URLs of Globus', () => {
  test('are those of production when nothing is set', () => {
    expect(urls({})).toEqual(['https://auth.globus.org/', 'https://groups.api.globus.org/'])
  })

  test.each([
    ['preview', 'https://auth.preview.globus.org/', 'https://groups.api.preview.globus.org/'],
    ['sandbox', 'https://auth.sandbox.globuscs.info/', 'https://groups.api.sandbox.globuscs.info/'],
    ['test', 'https://auth.test.globuscs.info/', 'https://groups.api.test.globuscs.info/'],
  ])('follow the environment %s, by option and by variable', (environment, ...expected) => {
    expect(urls({ environment })).toEqual(expected)
    expect(urls({}, { GLOBUS_SDK_ENVIRONMENT: environment })).toEqual(expected)
  })

  test('take each service from its own variable before the environment', () => {
    const variables = {
      GLOBUS_SDK_ENVIRONMENT: 'preview',
      GLOBUS_SDK_SERVICE_URL_AUTH: 'http://127.0.0.1:5001',
    }
    expect(urls({}, variables)).toEqual(['http://127.0.0.1:5001/', 'https://groups.api.preview.globus.org/'])
  })

  test('take options before variables, and count empty ones as not set', () => {
    expect(
      urls(
        { authUrl: 'http://localhost:1/', groupsUrl: '' },
        { GLOBUS_SDK_SERVICE_URL_AUTH: 'http://localhost:2/', GLOBUS_SDK_SERVICE_URL_GROUPS: '' },
      ),
    ).toEqual(['http://localhost:1/', 'https://groups.api.globus.org/'])
  })

  test('keep a path, so that a service may be behind a prefix', () => {
    const { auth } = globusUrls({ authUrl: 'https://proxy.example.org/auth' }, {})
    expect(new URL('v2/oauth2/token', auth).href).toBe('https://proxy.example.org/auth/v2/oauth2/token')
  })

  test.each([
    [{ environment: 'produktion' }, 'produktion'],
    [{ environment: 'toString' }, 'toString'],
    [{ authUrl: 'auth.globus.org' }, 'GLOBUS_SDK_SERVICE_URL_AUTH'],
    [{ groupsUrl: 'ftp://groups.globus.org' }, 'GLOBUS_SDK_SERVICE_URL_GROUPS'],
    [{ authUrl: 'http://auth.globus.org' }, 'GLOBUS_SDK_SERVICE_URL_AUTH'],
    [{ groupsUrl: 'http://192.0.2.1:5001/' }, 'GLOBUS_SDK_SERVICE_URL_GROUPS'],
    [{ authUrl: 'http://127.0.0.1.example.org/' }, 'GLOBUS_SDK_SERVICE_URL_AUTH'],
    [{ authUrl: 'http://localhost.example.org/' }, 'GLOBUS_SDK_SERVICE_URL_AUTH'],
    [{ authUrl: 'http://localhost@auth.example.org/' }, 'GLOBUS_SDK_SERVICE_URL_AUTH'],
  ])('are refused with the name of what is wrong: %j', (options, named) => {
    expect(() => globusUrls(options, {})).toThrow(InvalidDefinition)
    expect(() => globusUrls(options, {})).toThrow(named)
  })

  test.each(['http://127.0.0.1:5001/', 'http://127.1:5001/', 'http://localhost/', 'http://[::1]:5001/'])(
    'may be http on this machine: %s',
    (authUrl) => {
      expect(globusUrls({ authUrl }, {}).auth.protocol).toBe('http:')
      const variables = { GLOBUS_SDK_SERVICE_URL_GROUPS: authUrl }
      expect(globusUrls({}, variables).groups.protocol).toBe('http:')
    },
  )
})

test.each([
  ['127.0.0.1', true],
  ['127.1', true],
  ['localhost', true],
  ['LOCALHOST', true],
  ['::1', true],
  ['[::1]', true],
  ['0:0:0:0:0:0:0:1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.0.2.1', false],
  ['localhost.example.org', false],
  ['127.0.0.1.example.org', false],
  ['example.org@localhost:1', false],
  ['', false],
])('%s is this machine alone: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})
