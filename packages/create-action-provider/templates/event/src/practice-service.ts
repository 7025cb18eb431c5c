import type { Counts, Order, Service } from './service.ts'

/**
 * A service in this process, for development: it counts the words of an order, and calls back a moment later. Its orders are gone when
 * the process ends.
 * @param delay in milliseconds
 */
export function practiceService(delay = 1_000): Service {
  const orders = new Map<string, Order>()
  return {
    async submit(order, key) {
      if (!orders.has(key)) setTimeout(callBack, delay, order.callback)
      orders.set(key, order)
      return { id: key }
    },
    async collect(id) {
      const order = orders.get(id)
      if (order === undefined) throw new Error(`There is no order ${id}`)
      return countWords(order.text)
    },
    async withdraw(id) {
      orders.delete(id)
    },
  }
}

async function callBack(url: string): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body: '{"ok":true}' }).catch((error: Error) => error)
  if (answer instanceof Response && answer.ok) return
  const why = answer instanceof Response ? `it answered ${answer.status}` : answer.message
  process.stderr.write(`The practice service cannot call back at ${new URL(url).origin}: ${why}\n`)
}

function countWords(text: string): Counts {
  const counts: Counts = {}
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? []) {
    counts[word] = (counts[word] ?? 0) + 1
  }
  return counts
}
