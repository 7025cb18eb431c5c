import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBreaker } from './breaker.ts'

function setUp() {
  let time = 1
  const changes: boolean[] = []
  const breaker = createBreaker({
    threshold: 3,
    pause: 1000,
    now: () => time,
    onChange: (open) => changes.push(open),
  })
  const fail = () => {
    breaker.enter()
    breaker.failed()
  }
  return { breaker, changes, fail, pass: (ms: number) => (time += ms) }
}

describe('breaker', () => {
  test('lets calls through until the failures in a row reach the threshold', () => {
    const { breaker, fail } = setUp()
    fail()
    fail()
    expect(breaker.enter()).toBe(0)
    breaker.failed()
    expect(breaker.enter()).toBe(1000)
  })

  test('counts only failures in a row', () => {
    const { breaker, fail } = setUp()
    fail()
    fail()
    breaker.enter()
    breaker.succeeded()
    fail()
    fail()
    expect(breaker.enter()).toBe(0)
  })

  test('lets one probe through after each pause, and nobody beside it', () => {
    const { breaker, fail, pass } = setUp()
    for (let call = 0; call < 3; call++) fail()
    pass(999)
    expect(breaker.enter()).toBe(1)
    pass(1)
    expect(breaker.enter()).toBe(0)
    expect(breaker.enter()).toBe(1000)
    breaker.failed()
    expect(breaker.enter()).toBe(1000)
    pass(1000)
    expect(breaker.enter()).toBe(0)
  })

  test('does not wait for a probe that hangs', () => {
    const { breaker, fail, pass } = setUp()
    for (let call = 0; call < 3; call++) fail()
    pass(1000)
    expect(breaker.enter()).toBe(0)
    pass(1000)
    expect(breaker.enter()).toBe(0)
    breaker.succeeded()
    breaker.failed()
    expect(breaker.enter()).toBe(0)
  })

  test('is open for everybody at once when the probe succeeds', () => {
    const { breaker, changes, fail, pass } = setUp()
    for (let call = 0; call < 3; call++) fail()
    pass(1000)
    breaker.enter()
    breaker.succeeded()
    expect([breaker.enter(), breaker.enter(), breaker.enter()]).toEqual([0, 0, 0])
    expect(changes).toEqual([true, false])
  })

  test('never locks up: after any history, a pause without calls is followed by a permission', () => {
    const steps = fc.array(fc.oneof(fc.constantFrom('succeed', 'fail'), fc.integer({ min: 0, max: 3000 })))
    fc.assert(
      fc.property(steps, (history) => {
        const { breaker, pass } = setUp()
        for (const step of history) {
          if (typeof step === 'number') pass(step)
          else if (breaker.enter() === 0) step === 'fail' ? breaker.failed() : breaker.succeeded()
        }
        pass(1000)
        expect(breaker.enter()).toBe(0)
      }),
    )
  })
})
