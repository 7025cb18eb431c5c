/** A thread's program that does as its question says, instead of checking anything. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import type { Question } from '../src/input/check-thread.ts'

parentPort?.on('message', async ({ body }: Question) => {
  if (body === 'hang') for (;;);
  if (body === 'throw') throw new Error('the thread fails')
  if (body === 'give up') return parentPort?.postMessage(undefined)
  await sleep(1)
  parentPort?.postMessage([body])
})
