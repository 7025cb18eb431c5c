/** The process that the load comes from, so that making it takes nothing from the server. */
import type { Order } from './order.ts'
import { pace } from './pace.ts'
import { saturate } from './saturate.ts'

process.on('message', async (order: Order) => {
  const { rate } = order
  process.send?.(await (rate === undefined ? saturate(order) : pace({ ...order, rate })))
})
