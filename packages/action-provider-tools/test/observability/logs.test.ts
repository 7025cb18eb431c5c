import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import { requestIdOf } from '../../src/server/answer-headers.ts'
import { fakeAuth } from '../../src/testing/index.ts'
import { serveSeen, untilSettled, work } from './seen.ts'

describe('logs', () => {
  test('a request id that is given is used and answered, and the action is named in every line about it', async () => {
    const auth = fakeAuth()
    const served = await serveSeen(work, auth)
    const { token } = auth.caller({ username: 'alice' })
    const headers = { 'x-request-id': 'flow-7.run_1' }
    const run = await served.ask(token, 'POST', '/p/run', { request_id: '1', body: { fail: true } }, headers)
    expect(run.headers.get('x-request-id')).toBe('flow-7.run_1')
    const { action_id } = run.json
    await untilSettled(served, token, action_id)
    const lines = await eventually(() => {
      const about = served.log.filter((line) => line.action_id === action_id)
      return about.length >= 3 && about
    })
    expect(lines.find(({ reqId }) => reqId === 'flow-7.run_1')).toMatchObject({
      operation: 'run',
      statusCode: 202,
    })
    expect(lines.find(({ msg }) => msg === 'The work of an action failed')).toMatchObject({
      provider: 'work',
    })
    expect(served.log.some(({ reqId }) => reqId === undefined)).toBe(true)
    const refused = await served.ask(undefined, 'GET', '/nowhere')
    expect(refused.headers.get('x-request-id')).toMatch(/^[0-9a-f]{16}-[0-9a-z]+$/)
    const probes = ['/healthz', '/readyz', '/metrics']
    for (const path of probes) await served.ask(undefined, 'GET', path)
    const paths = served.log.map(({ req }) => (req as { path?: string } | undefined)?.path ?? '')
    expect(paths.filter((path) => probes.includes(path))).toEqual([])
  })

  test('no request id can break a log or a header', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('a\nb', 'a"b', 'x'.repeat(65), '', '{}')),
        (given) => {
          const id = requestIdOf({ headers: { 'x-request-id': given } })
          expect(id).toMatch(/^[A-Za-z0-9._-]{1,64}$/)
          if (/^[A-Za-z0-9._-]{1,64}$/.test(given)) expect(id).toBe(given)
        },
      ),
    )
  })
})
