import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RequestValidationError } from '../errors.ts'
import { readLogMarker, writeLogMarker } from './markers.ts'

test('a marker says where a page ended', () => {
  const time = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 })
  fc.assert(
    fc.property(time, fc.nat(), (time, number) => {
      expect(readLogMarker(writeLogMarker({ time, number }))).toEqual({ time, number })
    }),
  )
})

test.each(['', '1', '1.', '.1', '1.1.1', '1e3.1', ' 1.1', '9'.repeat(17)])('%j is no marker', (text) => {
  expect(() => readLogMarker(text)).toThrow(RequestValidationError)
})
