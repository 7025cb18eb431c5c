import { Worker } from 'node:worker_threads'

/** Why a provider's schema cannot be used. */
export type Unusable = { unusable: string }

/** How long a schema may take, in milliseconds, and how much memory: ordinary ones take next to none. */
const LONGEST = 3_000
const MOST_MEGABYTES = 256

/**
 * Has a thread do something with a provider's schema. A thread can be ended whatever it does. Its time counts from when
 * it begins, not while it is loaded.
 *
 * @param program posts `begins`, and then what it came to
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
