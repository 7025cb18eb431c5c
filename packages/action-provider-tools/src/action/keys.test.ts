import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contentHash, newActionId, requestKey, uuidBytes, uuidText } from './keys.ts'

describe('action ids', () => {
  test('are UUIDv7 that carry the time, each greater than the one before', () => {
    const now = Date.now() + 1_000_000
    const ids = Array.from({ length: 20_000 }, () => newActionId(now))
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(Number.parseInt(String(ids[0]).replaceAll('-', '').slice(0, 12), 16)).toBe(now)
    expect([...new Set(ids)].sort()).toEqual(ids)
  })

  test('grow also when the clock goes back', () => {
    const now = Date.now() + 2_000_000
    const ids = [now, now - 5000, now - 1, now + 1, now].map((time) => newActionId(time))
    expect([...ids].sort()).toEqual(ids)
  })

  test('are 16 bytes and their text', () => {
    fc.assert(
      fc.property(fc.uuid(), (text) => {
        expect(uuidText(uuidBytes(text) ?? Buffer.of())).toBe(text)
      }),
    )
  })

  test.each([
    '',
    'x',
    '01890A5D-ac96-774b-bcce-b302099a8057',
    '01890a5dac96774bbcceb302099a8057',
    ' '.repeat(36),
  ])('are not %j', (text) => {
    expect(uuidBytes(text)).toBeUndefined()
  })
})

describe('request keys', () => {
  test('differ wherever provider, identity or request_id do', () => {
    const text = fc.string({ unit: 'binary' })
    const parts = fc.tuple(text, text, text)
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const same = a.every((part, index) => part === b[index])
        expect(requestKey(...a).equals(requestKey(...b))).toBe(same)
        expect(requestKey(...a)).toHaveLength(16)
      }),
    )
    expect(requestKey('a', 'b', 'c').equals(requestKey('a', 'b', 'c'))).toBe(true)
    expect(requestKey('a"', 'b', 'c').equals(requestKey('a', '"b', 'c'))).toBe(false)
  })
})

describe('content hashes', () => {
  const principals = fc.array(fc.constantFrom('urn:a', 'urn:b', 'urn:c'))
  const request = fc.record(
    {
      request_id: fc.string(),
      body: fc.dictionary(fc.string(), fc.jsonValue()),
      label: fc.string(),
      monitor_by: principals,
      manage_by: principals,
    },
    { requiredKeys: ['request_id', 'body'] },
  )

  test('are those of equal content: neither the order of fields nor that of sets counts', () => {
    fc.assert(
      fc.property(request, (content) => {
        const lists = { ...content }
        if (lists.monitor_by) lists.monitor_by = [...lists.monitor_by, ...lists.monitor_by].reverse()
        const same = { ...(turned(lists) as typeof content) }
        expect(contentHash(same)).toEqual(contentHash(content))
      }),
    )
  })

  test('differ where the order of a list in the body does, or anything else', () => {
    const base = { request_id: '1', body: { list: [1, 2], text: 'a' } }
    const others = [
      { ...base, request_id: '2' },
      { ...base, label: 'a' },
      { ...base, monitor_by: ['urn:a'] },
      { ...base, manage_by: ['urn:a'] },
      { ...base, deadline: '2030-01-31T12:00:00.000Z' },
      { ...base, release_after: 'PT1H' },
      { ...base, body: { list: [2, 1], text: 'a' } },
      { ...base, body: { list: [1, 2], text: null } },
      { ...base, body: { list: ['1', 2], text: 'a' } },
      { ...base, body: { list: [1, 2], text: 'a', more: {} } },
    ]
    const hashes = [base, ...others].map((content) => contentHash(content).toString('hex'))
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  /** The same JSON with the fields of all objects in the opposite order. */
  function turned(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(turned)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, field]) =>
          // The lists beside the body are sets of texts, turned above.
          [name, turned(field)],
        ),
    )
  }
})
