import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eventReader, type ServerEvent } from '../../src/client/event-stream.ts'

const read = (...pieces: string[]): ServerEvent[] => pieces.flatMap(eventReader())

test.each<[what: string, text: string, events: Partial<ServerEvent>[]]>([
  ['an event', 'event: status\nid: 1\ndata: {}\n\n', [{ event: 'status', id: '1', data: '{}' }]],
  ['one without a name', 'data: a\n\n', [{ event: 'message', data: 'a', id: '' }]],
  ['several lines of data', 'data: a\ndata:b\ndata\ndata:  c\n\n', [{ data: 'a\nb\n\n c' }]],
  ['comments and unknown fields', ': hm\nretry: 5\nfoo: bar\ndata: a\n:\n\n', [{ data: 'a' }]],
  ['the same id again', 'id: 7\ndata: a\n\ndata: b\n\n', [{ id: '7' }, { id: '7', data: 'b' }]],
  ['an id alone', 'id: 7\n\ndata: b\n\n', [{ id: '7', data: 'b' }]],
  ['an id with a NUL', 'id: 7\nid: 8\0\ndata: b\n\n', [{ id: '7' }]],
  ['a name without data', 'event: status\n\ndata: b\n\n', [{ event: 'message', data: 'b' }]],
  [
    'the ends of lines of all systems',
    'data: a\r\n\r\ndata: b\r\rdata: c\n\n',
    [{ data: 'a' }, { data: 'b' }, { data: 'c' }],
  ],
  ['a byte order mark', '\uFEFFdata: a\n\n', [{ data: 'a' }]],
  ['an event that does not end', 'data: a\n', []],
])('reads %s', (_what, text, events) => {
  expect(read(text)).toMatchObject(events)
  expect(read(text)).toHaveLength(events.length)
})

test('reads the same however a stream is cut', () => {
  const word = fc.constantFrom(
    'data',
    'id',
    'event',
    ':',
    ' ',
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    'a',
    '\uFEFF',
    '🐢',
  )
  fc.assert(
    fc.property(
      fc.array(word).map((words) => words.join('')),
      fc.array(fc.nat(50)),
      (text, cuts) => {
        const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length]
        const pieces = places.slice(1).map((end, index) => text.slice(places[index], end))
        // What ends it is known only with the next piece.
        expect(read(...pieces, 'data: end\n\n')).toEqual(read(`${text}data: end\n\n`))
      },
    ),
    { numRuns: 1_000 },
  )
})

test('does not read without end', () => {
  const feed = eventReader()
  const piece = `data: ${'x'.repeat(1024 * 1024)}\n`
  expect(() => {
    for (let count = 0; count < 100; count++) feed(piece)
  }).toThrow('does not end')
})
