import fc from 'fast-check'
import { expect, test } from 'vitest'
import { waitPreference } from './prefer.ts'

test.each<[header: string | undefined, milliseconds: number | undefined, applied?: string]>([
  [undefined, undefined],
  ['', undefined],
  ['wait=10', 10_000, 'wait=10'],
  ['WAIT = "10"; why=not', 10_000, 'wait=10'],
  ['wait=0', 0, 'wait=0'],
  ['wait=61', 60_000, 'wait=60'],
  ['return=minimal, wait=5', 5_000, 'wait=5'],
  ['respond-async', 0, 'respond-async'],
  ['wait=7, respond-async', 7_000, 'wait=7'],
  ['respond-async, wait=soon', 0, 'respond-async'],
  ['wait=1, wait=2', 1_000, 'wait=1'],
  ['return="a, wait=5"', undefined],
  ['return="a\\", wait=5", wait=6', 6_000, 'wait=6'],
  ['wait', undefined],
  ['wait=', undefined],
  ['wait=-1', undefined],
  ['wait=1.5', undefined],
  ['wait=1e3', undefined],
  ['wait=99999999999', undefined],
  ['waits=5', undefined],
])('of "%s" it is %s', (header, milliseconds, applied) => {
  expect(waitPreference(header)).toEqual(milliseconds === undefined ? undefined : { milliseconds, applied })
})

test('whatever the header, a wait is whole seconds from 0 to 60', () => {
  const part = fc.oneof(
    fc.constantFrom('wait=', 'wait', '"', ',', ';', '=', '\\', ' ', 'respond-async'),
    fc.integer().map(String),
    fc.string(),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const found = waitPreference(parts.join(''))
      if (found === undefined) return
      expect(found.milliseconds / 1_000).toSatisfy(
        (seconds: number) => Number.isInteger(seconds) && seconds >= 0 && seconds <= 60,
      )
    }),
  )
})

test('a header of any length is read in one go', () => {
  for (const text of ['"', '\\', ' ', ',', 'a=', '" ,']) {
    expect(waitPreference(`${text.repeat(100_000)}\u0001`)).toBeUndefined()
  }
})
