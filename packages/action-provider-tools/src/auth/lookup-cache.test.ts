import { describe, expect, test } from 'vitest'
import { createLookupCache } from './lookup-cache.ts'

type Answer = { life: number }

function setUp(max = 10) {
  let time = 1
  let asked = 0
  const cache = createLookupCache<Answer>({ max, now: () => time, timeToLive: ({ life }) => life })
  const ask = async (life = 100): Promise<Answer> => {
    asked += 1
    return { life }
  }
  return { cache, ask, asked: () => asked, pass: (ms: number) => (time += ms) }
}

describe('a lookup cache', () => {
  test('asks once for any number of callers at once', async () => {
    const { cache, ask, asked } = setUp()
    const answers = await Promise.all(Array.from({ length: 50 }, () => cache.load('a', ask)))
    expect(new Set(answers).size).toBe(1)
    expect(asked()).toBe(1)
  })

  test('remembers as long as the answer says, and no longer', async () => {
    const { cache, ask, pass } = setUp()
    await cache.load('a', () => ask(100))
    pass(100)
    expect(cache.get('a')).toBeDefined()
    pass(1)
    expect(cache.get('a')).toBeUndefined()
  })

  test('does not remember an answer with no life', async () => {
    const { cache, ask } = setUp()
    await cache.load('a', () => ask(0))
    expect(cache.get('a')).toBeUndefined()
  })

  test('does not remember a failure: all who waited get it, the next asks again', async () => {
    const { cache, ask, asked } = setUp()
    const failing = () => Promise.reject(new Error('down'))
    const outcomes = await Promise.allSettled([cache.load('a', failing), cache.load('a', failing)])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await cache.load('a', ask)
    expect(asked()).toBe(1)
  })

  test('holds no more than its bound, and lets go of what is unused for longest', async () => {
    const { cache, ask } = setUp(2)
    await cache.load('a', ask)
    await cache.load('b', ask)
    cache.get('a')
    await cache.load('c', ask)
    expect(['a', 'b', 'c'].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true])
  })

  test('does not remember an answer that was under way when the key was deleted', async () => {
    const { cache, ask } = setUp()
    const underway = cache.load('a', ask)
    cache.delete('a')
    await underway
    expect(cache.get('a')).toBeUndefined()
  })
})
