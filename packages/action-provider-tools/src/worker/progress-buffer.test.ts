import { expect, test } from 'vitest'
import { bufferProgress, type Progress } from './progress-buffer.ts'

test('a flush fails if the write failed that took its steps, though an earlier flush took them', async () => {
  const slow = Promise.withResolvers<void>()
  const written: string[][] = []
  const write = async ({ steps }: Progress): Promise<void> => {
    written.push(steps.map(({ name }) => name))
    if (written.length === 1) return slow.promise
    throw new Error('The action is no longer ours')
  }
  const buffer = bufferProgress(write, 1_000)
  const keep = (name: string): Promise<void> => {
    buffer.keep({ name, sealed: new Uint8Array() })
    return buffer.flush()
  }
  const first = keep('first')
  await expect.poll(() => written.length).toBe(1)
  const others = Promise.allSettled([keep('second'), keep('third')])
  slow.resolve()
  await first
  expect((await others).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(written).toEqual([['first'], ['second', 'third']])
})
