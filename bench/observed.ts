/** Loaded before a server that is measured: it says what the server uses, when asked. */

export type Usage = {
  /** Seconds of processor time since the start. */
  cpu: number
  /** What the operating system has given it, in MB. */
  rss: number
  /** What is alive, in MB: JavaScript's objects and what belongs to them. After a collection where memory was asked for. */
  alive: number
}

/** A collection, which `memory` makes, takes time that the next figure would pay for. */
export type Question = 'cpu' | 'memory'

const MB = 1024 * 1024

process.on('message', (question: Question) => {
  const { user, system } = process.cpuUsage()
  const { rss } = process.memoryUsage()
  if (question === 'memory') globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  process.send?.({
    cpu: (user + system) / 1e6,
    rss: rss / MB,
    alive: (heapUsed + external) / MB,
  } satisfies Usage)
})
// Being observed is no reason to go on.
process.channel?.unref()
