import { describe, expect, test } from 'vitest'
import { groups } from '../../src/check/checks.ts'
import { worker } from '../world.ts'
import { isRun, more, ten, whileRunning } from './faults.ts'
import { plain, plainWhileRunning } from './plain-faults.ts'
import { checked, inDocuments, json, named, reading, type Tamper } from './tampered.ts'

const quick = { body: { milliseconds: 0 } }
const untilCanceled = { body: { milliseconds: 600_000 }, patience: 0 }

describe('a provider without faults', () => {
  test.each([
    ['two callers', {}],
    ['one caller', { alone: true }],
  ])('passes every check of %s, and none of its actions is left', async (_who, who) => {
    const report = await checked(worker, [], { ...quick, ...who })
    expect(report.results.filter(({ outcome }) => outcome === 'failed')).toEqual([])
    expect(report).toMatchObject({ complete: true, left: [], remaining: 0 })
    expect(report.started).toBeLessThan(15)
  })

  test('passes where its actions run until they are canceled', async () => {
    const report = await checked(worker, [], untilCanceled)
    expect(named(report)).toEqual([])
    expect(report.results.find(({ id }) => id === 'cancel.running')?.outcome).toBe('passed')
    expect(report).toMatchObject({ left: [], remaining: 0 })
  })
})

describe('each of ten faults is named, and nothing else', () => {
  test.each(ten)('$fault', async ({ names, tamper }) => {
    expect(named(await checked(worker, [tamper], quick)).sort()).toEqual([...names].sort())
  })
})

describe('more faults are named', () => {
  // What looks back at everything that came needs something to have come.
  const around = ['run', 'status', 'access.own-request-ids']
  test.each([...more, ...plain])('$fault', async ({ names, tamper }) => {
    const report = await checked(worker, [tamper], { ...quick, only: [...around, ...names] })
    expect(named(report)).toEqual(expect.arrayContaining(names))
  })

  test.each([...whileRunning, ...plainWhileRunning])('$fault', async ({ names, tamper }) => {
    const report = await checked(worker, [tamper], { ...untilCanceled, only: names })
    expect(named(report)).toEqual(names)
  })

  test('and no check is left that none of these is for', () => {
    const planted = new Set(
      [...ten, ...more, ...plain, ...whileRunning, ...plainWhileRunning].flatMap(({ names }) => names),
    )
    const rest = groups.flatMap(({ checks }) => checks.map(({ id }) => id).filter((id) => !planted.has(id)))
    // A server on this machine is neither far away nor slow: see report.test.ts.
    expect(rest).toEqual(['flows.https', 'flows.run-speed', 'flows.status-speed'])
  })
})

test('ten faults at once are all named', async () => {
  const tampers = ten.map(({ tamper }) => tamper)
  const report = await checked(worker, tampers, quick)
  const found = named(report)
  expect(ten.filter(({ names }) => !names.some((name) => found.includes(name)))).toEqual([])
  for (const { id, note, says, mend } of report.results.filter(({ outcome }) => outcome === 'failed'))
    expect([id, note, says, mend].every(Boolean), id).toBe(true)
})

test('an action that run answered with 200 is left alone, and named', async () => {
  const fault = more.filter(({ names }) => names.includes('run.starts')).map(({ tamper }) => tamper)
  const { left, started, remaining } = await checked(worker, fault, { ...quick, only: ['run', 'life'] })
  expect({ started, left: left.length }).toEqual({ started: 0, left: remaining })
  expect(remaining).toBeGreaterThan(0)
})

test('an action_id that leads elsewhere is not followed', async () => {
  const urls: string[] = []
  const watching = reading(
    ({ url }) => urls.push(url) > 0,
    (asked) => asked,
  )
  const elsewhere = inDocuments((document) => ({ ...document, action_id: '../../elsewhere' }))
  const report = await checked(worker, [watching, elsewhere], quick)
  expect(named(report)).toContain('status.routes')
  expect(urls.filter((url) => !/^\/tried(\/|\?|$)/.test(url))).toEqual([])
})

test('a provider that asks for patience is asked again', async () => {
  let asked = 0
  const busy = reading(
    () => asked++ % 2 === 0,
    () => ({
      ...json(429, { code: 'TooManyRequests', description: 'Later' }),
      headers: { 'retry-after': '0' },
    }),
  )
  const report = await checked(worker, [busy], { ...quick, only: ['run', 'status'] })
  expect(named(report)).toEqual([])
  expect(report.passed).toBeGreaterThan(5)
})

test('an action is known for its own where the answer that it was started comes last', async () => {
  const repeated = Promise.withResolvers<void>()
  const startLast: Tamper = {
    async after(answered, asked) {
      if (answered.status === 200 && isRun(asked)) repeated.resolve()
      if (answered.status === 202) await repeated.promise
      return answered
    },
  }
  const report = await checked(worker, [startLast], { ...quick, only: ['once.same-moment'] })
  expect(report).toMatchObject({ passed: 1, started: 1, left: [], remaining: 0 })
})
