import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventually } from '../../../../test/eventually.ts'
import { cloudwatchEmf, InvalidDefinition } from '../../src/index.ts'
import { readSettings } from '../../src/server/configuration.ts'
import { fakeAuth } from '../../src/testing/index.ts'
import { echo, serveSeen } from './seen.ts'

describe('CloudWatch', () => {
  const emfOf = (options: { gather?: number } = {}) => {
    const lines: string[] = []
    const write = (line: string): void => void lines.push(line)
    const emf = cloudwatchEmf({ namespace: 'Science', actionProvider: 'Echo', write, ...options })
    return { emf, read: () => lines.splice(0).map((line) => JSON.parse(line)) }
  }

  test("a request is a line with the original's metrics and dimensions", async () => {
    const { emf, read } = emfOf({ gather: 0 })
    const auth = fakeAuth()
    const served = await serveSeen({ ...echo, hooks: emf }, auth)
    const { token } = auth.caller({ username: 'alice' })
    await served.ask(token, 'POST', '/p/run', { request_id: '1', body: {} })
    const [line] = await eventually(() => {
      const lines = read()
      return lines.length === 1 && lines
    })
    expect(line).toEqual({
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'Science',
            Dimensions: [['ActionProvider'], ['ActionProvider', 'Route']],
            Metrics: [
              { Name: 'RequestCount', Unit: 'Count' },
              { Name: '2XXs', Unit: 'Count' },
              { Name: '4XXs', Unit: 'Count' },
              { Name: '5XXs', Unit: 'Count' },
              { Name: 'RequestLatency', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
      ActionProvider: 'Echo',
      Route: 'run',
      RequestCount: 1,
      '2XXs': 1,
      '4XXs': 0,
      '5XXs': 0,
      RequestLatency: expect.any(Number),
    })
    await served.ask(undefined, 'POST', '/p/run', {})
    const [refused] = await eventually(() => {
      const lines = read()
      return lines.length === 1 && lines
    })
    expect(refused).toMatchObject({ RequestCount: 1, '2XXs': 0, '4XXs': 1, '5XXs': 0 })
  })

  test('gathered lines say of every request what a line of its own would', () => {
    const request = fc.record({
      operation: fc.constantFrom('run', 'status'),
      statusCode: fc.constantFrom(200, 202, 304, 401, 404, 500, 503),
      durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    })
    type Values = Record<string, number | number[]>
    const flat = (lines: Values[], route: string): unknown[] =>
      lines
        .filter(({ Route }) => (Route as unknown) === route)
        .flatMap((line) => {
          const columns = ['RequestCount', '2XXs', '4XXs', '5XXs', 'RequestLatency'].map((name) =>
            [line[name]].flat(),
          )
          expect(columns[0]?.length).toBeLessThanOrEqual(100)
          return (columns[0] ?? []).map((_, index) => columns.map((column) => column[index]))
        })
    fc.assert(
      fc.property(fc.array(request, { maxLength: 250 }), (requests) => {
        const single = emfOf({ gather: 0 })
        const gathered = emfOf()
        for (const each of requests) {
          single.emf.after(each as never)
          gathered.emf.after(each as never)
        }
        gathered.emf.flush()
        const [ones, many] = [single.read(), gathered.read()]
        expect(ones).toHaveLength(requests.length)
        for (const route of ['run', 'status']) expect(flat(many, route)).toEqual(flat(ones, route))
      }),
      { numRuns: 30 },
    )
  })

  test('what it needs is asked for, and settings switch it and the metrics', () => {
    expect(() => cloudwatchEmf({ namespace: '', actionProvider: 'x' })).toThrow(InvalidDefinition)
    expect(readSettings('x', {})).toMatchObject({ metrics: true, application: { traceShare: 1 } })
    expect(readSettings('x', { TRACE_SHARE: '0.01' })).toMatchObject({ application: { traceShare: 0.01 } })
    expect(() => readSettings('x', { TRACE_SHARE: '1 %' })).toThrow(
      /TRACE_SHARE must be a number from 0 to 1/,
    )
    expect(readSettings('x', { METRICS: 'off', CLOUDWATCH_NAMESPACE: 'Science' })).toMatchObject({
      metrics: false,
      cloudwatchNamespace: 'Science',
    })
    expect(() => readSettings('x', { METRICS: 'maybe' })).toThrow(/METRICS must be one of: on, off/)
  })
})
