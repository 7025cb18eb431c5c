import { describe, expect, test } from 'vitest'
import { InvalidDefinition } from '../errors.ts'
import { workOptions } from './work-options.ts'

describe('the options of work', () => {
  test('take a duration as milliseconds, as an ISO 8601 text and as units', () => {
    for (const second of [1_000, 'PT1S', { seconds: 1 }]) {
      expect(
        workOptions({
          cancelGrace: second,
          answerWithin: second,
          pollInterval: second,
          retry: { backoff: second, maximumBackoff: second },
        }),
      ).toMatchObject({
        cancelGrace: 1_000,
        answerWithin: 1_000,
        pollInterval: 1_000,
        retry: { limit: 5, backoff: 1_000, maximumBackoff: 1_000 },
      })
    }
  })

  test.each([
    ['cancelGrace', { cancelGrace: -1 }],
    ['answerWithin', { answerWithin: 'a minute' }],
    ['answerWithin', { answerWithin: { minutes: 1, milliseconds: 1 } }],
    ['pollInterval', { pollInterval: Number.NaN }],
    ['retry.backoff', { retry: { backoff: { fortnights: 1 } as never } }],
    ['retry.maximumBackoff', { retry: { maximumBackoff: Number.POSITIVE_INFINITY } }],
    ['retry.limit', { retry: { limit: 0 } }],
    ['A version', { version: '' }],
    ['A version', { version: '2', versions: { compatible: [1 as never] } }],
    ['versions.compatible', { version: '2', versions: { compatible: '1' as never } }],
    ['onOtherVersion', { version: '2', onOtherVersion: 'stop' as never }],
    ["give it as 'version'", { versions: { compatible: ['1'] } }],
    ["give it as 'version'", { onOtherVersion: 'wait' as const }],
    ['Work in another system', { version: '2', start: () => 'job' }],
  ])('refuse what %s must not be', (says, given) => {
    const act = () => workOptions(given)
    expect(act).toThrow(InvalidDefinition)
    expect(act).toThrow(says)
  })
})
