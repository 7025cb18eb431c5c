/** Things that wait for their turn, which goes round their owners: one that has many waits for itself, and for no other. */
export type FairQueue<T> = {
  /** Lets something wait; false where too much does. */
  add: (owner: string, item: T) => boolean
  take: () => T | undefined
}

/** @param bounds how much may wait, of one owner and in all */
export function createFairQueue<T>(bounds: { perOwner: number; inAll: number }): FairQueue<T> {
  // A Map keeps its keys in the order in which they were added, so its first one is the owner whose turn it is.
  const waiting = new Map<string, T[]>()
  let count = 0
  return {
    add(owner, item) {
      const own = waiting.get(owner) ?? []
      if (own.length >= bounds.perOwner || count >= bounds.inAll) return false
      own.push(item)
      waiting.set(owner, own)
      count++
      return true
    },
    take() {
      for (const [owner, own] of waiting) {
        waiting.delete(owner)
        const item = own.shift()
        if (own.length > 0) waiting.set(owner, own)
        count--
        return item
      }
      return undefined
    },
  }
}
