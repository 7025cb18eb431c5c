import { Writable } from 'node:stream'
import Fastify, { type FastifyBaseLogger } from 'fastify'
import { expect, test } from 'vitest'
import { makeChildrenLate } from './late-children.ts'

function logWith(given: object = {}): { log: FastifyBaseLogger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const { log } = Fastify({ logger: { stream, base: null, timestamp: false, ...given } })
  return { log, lines }
}

test('children made late write what others would', () => {
  const [usual, late] = [logWith(), logWith()]
  makeChildrenLate(late.log)
  for (const { log } of [usual, late]) {
    const child = log.child({ reqId: 'one' })
    const grandchild = child.child({ action_id: 'two' }, { level: 'debug' })
    child.info({ more: 1 }, 'said')
    child.debug('not said')
    grandchild.debug('said too')
    child.level = 'error'
    child.warn('not said')
    child.error(new Error('broken'), 'said at last')
    log.child({ reqId: 'other' }).info('its own')
    expect(['level' in child, 'nothing' in child, child.level]).toEqual([true, false, 'error'])
  }
  const withoutStacks = (lines: object[]): string => JSON.stringify(lines).replace(/"stack":"[^"]*"/g, '')
  expect(late.lines).toHaveLength(4)
  expect(withoutStacks(late.lines)).toBe(withoutStacks(usual.lines))
})

test('a child that nothing is written to is never made', () => {
  let made = 0
  const onChild = (): void => void made++
  const { log } = logWith({ onChild })
  makeChildrenLate(log)
  const children = [log.child({}), log.child({})]
  expect(made).toBe(0)
  for (const _ of [1, 2]) children[0]?.info('one')
  expect(made).toBe(1)
})

test('nor is one whose level is that of its parent, by what is not written', () => {
  let made = 0
  const { log, lines } = logWith({ level: 'warn', onChild: () => void made++ })
  makeChildrenLate(log)
  log.child({}).info('not written')
  expect([made, lines.length]).toEqual([0, 0])
  log.child({}, { level: 'info' }).info('written by one that has its own')
  log.child({}).warn('written')
  expect([made, lines.length]).toEqual([2, 2])
})
