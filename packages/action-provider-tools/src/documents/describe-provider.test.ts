import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidDefinition } from '../errors.ts'
import { describeProvider, type ProviderDescriptionInput } from './describe-provider.ts'
import { groupURN, identityURN } from './principal.ts'

const least: ProviderDescriptionInput = {
  title: 'Echo',
  admin_contact: 'me@example.org',
  synchronous: true,
  globus_auth_scope: 'https://auth.globus.org/scopes/ca73e829-715f-4522-9141-1d2d3b1ae2a1/action_all',
  input_schema: { type: 'object' },
}
const principal = fc.tuple(fc.uuid(), fc.constantFrom(identityURN, groupURN)).map(([id, urn]) => urn(id))
const words = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ minLength: 1, maxLength, unit: 'grapheme-ascii' })
const description = fc.record(
  {
    title: words(128),
    subtitle: words(128),
    description: words(4096),
    keywords: fc.array(words(20), { maxLength: 10 }),
    visible_to: fc.uniqueArray(fc.oneof(principal, fc.constantFrom('public', 'all_authenticated_users'))),
    runnable_by: fc.uniqueArray(fc.oneof(principal, fc.constant('all_authenticated_users'))),
    administered_by: fc.uniqueArray(principal),
    synchronous: fc.boolean(),
    log_supported: fc.boolean(),
    maximum_deadline: fc.constantFrom('P30D', 'PT1S'),
    event_types: fc.uniqueArray(fc.constantFrom('STARTED', 'COMPLETED', 'FAILED')),
  },
  { requiredKeys: [] },
)

function refusal(more: object): string {
  try {
    describeProvider({ ...least, ...more })
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidDefinition)
    return (error as Error).message
  }
  return ''
}

describe('a description', () => {
  test('has the defaults of the interface', () => {
    expect(describeProvider(least)).toEqual({
      ...least,
      types: ['ACTION'],
      api_version: '1.0',
      visible_to: ['public'],
      runnable_by: ['all_authenticated_users'],
      log_supported: false,
      maximum_deadline: 'P30D',
    })
    expect(describeProvider({ ...least, maximum_deadline: undefined } as never).maximum_deadline).toBe('P30D')
  })

  test('comes back as it was written', () => {
    fc.assert(
      fc.property(description, (given) => {
        const written = describeProvider({ ...least, ...given })
        expect(written).toMatchObject(given)
        expect(describeProvider(JSON.parse(JSON.stringify(written)))).toEqual(written)
      }),
    )
  })

  test.each([
    ['types', [[], ['Flow'], ['Action'], ['ACTION', 'ACTION'], 'ACTION']],
    ['api_version', ['2.0', 1]],
    ['globus_auth_scope', ['', 7]],
    ['title', ['', 'x'.repeat(129), 7, null]],
    ['subtitle', ['', 'x'.repeat(129)]],
    ['description', ['', 'x'.repeat(4097)]],
    ['keywords', ['x', [''], [7], ['x'.repeat(1025)], ['x'.repeat(512), 'x'.repeat(513)]]],
    ['visible_to', ['public', ['everybody'], ['public', 'public']]],
    ['runnable_by', [['public'], [7]]],
    ['administered_by', [['all_authenticated_users']]],
    ['admin_contact', ['', 7]],
    ['synchronous', ['yes', 1]],
    ['log_supported', ['yes']],
    ['maximum_deadline', ['30 days', 'PT0S', 7]],
    ['input_schema', [true, [], 'x']],
    ['event_types', [['DONE'], 'STARTED']],
  ])('is refused for a wrong %s, by its name', (name, values) => {
    for (const value of values)
      expect([value, refusal({ [name]: value })]).toEqual([value, expect.stringContaining(`'$.${name}`)])
  })

  test('is refused for a field that the interface does not have', () => {
    expect(refusal({ titel: 'Echo' })).toContain('must NOT have additional properties: "titel"')
    expect(refusal({ admin_contact: undefined })).toContain("must have required property 'admin_contact'")
  })
})
