import { Worker } from 'node:worker_threads'

/** Why a provider's schema cannot be used. */
export type Unusable = { unusable: string }

/** The time in milliseconds and the memory that a schema may take. Ordinary schemas take hardly any. */
const LONGEST = 3_000
const MOST_MEGABYTES = 256

/**
 * Runs work on a provider's schema in a thread, which can be ended whatever it does. Its time limit starts
 * when the work begins, after loading.
 *
 * @param program posts `begins`, and then the result
 */
export async function inThread<T>(program: URL, workerData: unknown): Promise<T | Unusable> {
  const thread = new Worker(program, {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEGABYTES },
  })
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise<T | Unusable>((resolve) => {
      thread.on('message', (message: 'begins' | T) => {
        if (message !== 'begins') return resolve(message)
        timer = setTimeout(() => resolve({ unusable: 'it takes too long to check against' }), LONGEST)
      })
      thread.on('error', (error) => resolve({ unusable: error.message }))
    })
  } finally {
    clearTimeout(timer)
    await thread.terminate()
  }
}
