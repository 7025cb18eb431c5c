import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileCheck } from './check.ts'
import {
  canonicalPrincipals,
  groupURN,
  identityURN,
  isGroup,
  PrincipalOrAllAuthenticated,
  PrincipalOrAnyone,
  PrincipalURN,
} from './principal.ts'

const fits = [PrincipalURN, PrincipalOrAllAuthenticated, PrincipalOrAnyone].map((schema) => {
  const check = compileCheck(schema)
  return (value: unknown): boolean => check(value).length === 0
})
const places = (value: unknown): boolean[] => fits.map((check) => check(value))

test('is an identity or a group, in any case', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.constantFrom(identityURN, groupURN), (id, urn) => {
      expect(places(urn(id))).toEqual([true, true, true])
      expect(places(urn(id.toUpperCase()))).toEqual([true, true, true])
      expect(isGroup(urn(id))).toBe(urn === groupURN)
    }),
  )
})

test('may be everybody only where that makes sense', () => {
  expect(places('all_authenticated_users')).toEqual([false, true, true])
  expect(places('public')).toEqual([false, false, true])
})

const id = 'ca73e829-715f-4522-9141-1d2d3b1ae2a1'
test.each([
  ...[
    '',
    id,
    'alice',
    `urn:globus:auth:identity:${id}\n`,
    ` urn:globus:auth:identity:${id}`,
    'PUBLIC',
    null,
    7,
    {},
    [],
  ],
  ...[
    `URN:globus:auth:identity:${id}`,
    `urn:globus:auth:scope:${id}`,
    `urn:globus:groups:id:${id}0`,
    `x${groupURN(id)}`,
  ],
])('%j is none', (value) => {
  expect(places(value)).toEqual([false, false, false])
})

test('is kept once, in lower case', () => {
  expect(canonicalPrincipals([identityURN(id.toUpperCase()), groupURN(id), identityURN(id)])).toEqual([
    identityURN(id),
    groupURN(id),
  ])
})
