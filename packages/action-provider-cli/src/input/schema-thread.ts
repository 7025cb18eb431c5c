import { Worker } from 'node:worker_threads'

/** Why a provider's schema cannot be used. */
export type Unusable = { unusable: string }

/** The time in milliseconds and the megabytes that a schema may take. Ordinary schemas take hardly any. */
const TIME_LIMIT = 3_000
const MEMORY_LIMIT = 256

/**
 * Runs a program with a provider's schema in a thread, which can be ended at any time. The time limit starts
 * when the program has loaded.
 *
 * @param program posts `begins`, and then the result
 */
export async function inThread<T>(program: URL, workerData: unknown): Promise<T | Unusable> {
  const thread = new Worker(program, {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_LIMIT },
  })
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<T | Unusable>((resolve) => {
      thread.on('message', (message: 'begins' | T) => {
        if (message !== 'begins') return resolve(message)
        timer = setTimeout(() => resolve({ unusable: 'it takes too long to check against' }), TIME_LIMIT)
      })
      thread.on('error', (error) => resolve({ unusable: error.message }))
    })
  } finally {
    clearTimeout(timer)
    await thread.terminate()
  }
}
