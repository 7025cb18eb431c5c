import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Served, serveForTest } from '../served.ts'
import { echo, input } from './providers.ts'

/** Each test shows a row of the interface's tables, over HTTP on a listening server. */

let served: Served
beforeAll(async () => {
  served = await serveForTest([echo])
})
afterAll(() => served.close())

describe('introspect', () => {
  for (const path of ['/p', '/p/']) {
    test(`GET ${path} needs no token and may be read by any web page`, async () => {
      const answer = await served.ask(undefined, 'GET', path)
      expect(answer.status).toBe(200)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('access-control-expose-headers')).toBe('*')
      expect(answer.json).toEqual({
        types: ['ACTION'],
        api_version: '1.0',
        globus_auth_scope: served.auth.scope,
        title: 'echo',
        admin_contact: 'support@example.org',
        visible_to: ['public'],
        runnable_by: ['all_authenticated_users'],
        synchronous: true,
        log_supported: false,
        maximum_deadline: 'P30D',
        input_schema: input,
      })
    })
    test(`OPTIONS ${path} names the methods`, async () => {
      const answer = await served.ask(undefined, 'OPTIONS', path)
      expect(answer.status).toBe(204)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('access-control-expose-headers')).toBe('*')
      expect(answer.headers.get('access-control-allow-methods')).toBe('GET, OPTIONS')
    })
  }
})
