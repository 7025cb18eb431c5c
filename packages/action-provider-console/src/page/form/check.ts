import type { CheckCalls, FieldError } from '../../thread/check-main.ts'
import checkUrl from '../../thread/check-main.ts?worker&url'
import { type Call, peer } from '../../thread/peer.ts'
import { startWorker } from '../state/thread.ts'

export type { FieldError } from '../../thread/check-main.ts'

/** How long a check may take, in milliseconds: some schemas take for ever. */
const PATIENCE = 2_000

let thread: { worker: Worker; call: Call<CheckCalls> } | undefined

/** The errors of an input; none if the check takes too long, because the provider checks it too. */
export async function checkInput(schema: string, text: string): Promise<FieldError[]> {
  if (thread === undefined) {
    const worker = startWorker(checkUrl)
    thread = { worker, call: peer<CheckCalls>(worker, {}) }
  }
  const { worker, call } = thread
  try {
    return await call('check', { schema, text }, { signal: AbortSignal.timeout(PATIENCE) })
  } catch {
    worker.terminate()
    if (thread?.worker === worker) thread = undefined
    return []
  }
}
