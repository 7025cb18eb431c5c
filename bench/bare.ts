/** The limit: bare Fastify with routes that answer constants. They come as JSON in the environment. */
import { answer, bareFastify, type Constant, listen } from './constant.ts'

const app = bareFastify()
for (const constant of JSON.parse(process.env.CONSTANTS ?? '[]') as Constant[]) {
  const { method, url } = constant
  app.route({ method, url, handler: (_request, reply) => answer(reply, constant) })
}
await listen(app)
