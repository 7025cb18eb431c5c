import { afterAll, beforeAll, expect, test } from 'vitest'
import { watchasay } from '../../../../examples/watchasay/src/watchasay.ts'
import { type Answer, type Served, serveForTest } from '../served.ts'
import { type DriftCheck, documentOf, driftCheck, type Exchange } from './drift.ts'

/** What the check of answers must notice: it stands behind every request of the tests. */

let served: Served
let check: DriftCheck
let answer: Answer
beforeAll(async () => {
  served = await serveForTest(watchasay)
  check = driftCheck(await documentOf(served.app, watchasay, served.auth))
  const alice = served.auth.caller({ username: 'alice' })
  answer = await served.ask(alice, 'POST', '/p/run', { request_id: '1', body: { input_string: 'hey' } })
})
afterAll(() => served.close())

const run = (change: Partial<Exchange> = {}): Exchange => ({
  method: 'POST',
  path: '/run',
  ...answer,
  ...change,
})
const json = new Headers({ 'content-type': 'application/json' })
const error = JSON.stringify({ code: 'UnauthorizedRequest', description: 'Who?' })

test('what came as it should', () => {
  expect(() => check(run())).not.toThrow()
  expect(() => check(run({ path: '/run/?a=b' }))).not.toThrow()
})

test.each<[what: string, change: () => Partial<Exchange>, words: RegExp]>([
  ['another status', () => ({ status: 201 }), /POST \/run answered 201, but there is no such answer/],
  [
    'another content',
    () => ({ text: JSON.stringify({ ...answer.json, status: 'DONE' }) }),
    /status must be equal/,
  ],
  ['null', () => ({ text: JSON.stringify({ ...answer.json, label: null }) }), /label must be string/],
  [
    'another type',
    () => ({ headers: new Headers({ 'content-type': 'text/html' }) }),
    /no .*text~1html|no .*text%7E1html/,
  ],
  [
    'no header',
    () => ({ status: 401, headers: json, text: error }),
    /the header www-authenticate is missing/,
  ],
  ['a slash too many', () => ({ path: '/run//' }), /POST \/run\/\/ answered 202, but there is no such route/],
  ['another route', () => ({ path: '/start' }), /POST \/start answered 202, but there is no such route/],
  [
    'an error that is none',
    () => ({ path: '/start', status: 404, text: '{}' }),
    /must have required property 'code'/,
  ],
])('%s is noticed', (_what, change, words) => {
  expect(() => check(run(change()))).toThrow(words)
})
