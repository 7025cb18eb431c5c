import fc from 'fast-check'
import { expect, test } from 'vitest'
import { groupURN, identityURN } from '../documents/principal.ts'
import { principalKey } from './access.ts'

test('a principal has one key, which is no other principal’s', () => {
  const uuid = fc.constantFrom(
    'ca73e829-715f-4522-9141-1d2d3b1ae2a1',
    'fdb38a24-03c1-11e3-86f7-12313809f035',
    'CA73E829-715f-4522-9141-1d2d3b1ae2a1',
  )
  const principal = fc.oneof(uuid.map(identityURN), uuid.map(groupURN), uuid, fc.string())
  fc.assert(
    fc.property(principal, principal, (a, b) => {
      expect(principalKey(a).equals(principalKey(b))).toBe(a === b)
    }),
  )
})

test('an identity and a group take 17 bytes', () => {
  expect(principalKey(identityURN('ca73e829-715f-4522-9141-1d2d3b1ae2a1'))).toHaveLength(17)
  expect(principalKey(groupURN('ca73e829-715f-4522-9141-1d2d3b1ae2a1'))).toHaveLength(17)
})
