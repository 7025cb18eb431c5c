/** The process that the load comes from, so that making it takes nothing from the server. */
import type { Load, Order, Script } from './order.ts'
import { pace } from './pace.ts'
import { saturate } from './saturate.ts'
import { transact } from './transact.ts'

process.on('message', async (order: Order | Script) => {
  process.send?.(await make(order))
})

function make(order: Order | Script): Promise<Load> {
  if ('statements' in order) return transact(order)
  const { rate } = order
  return rate === undefined ? saturate(order) : pace({ ...order, rate })
}
