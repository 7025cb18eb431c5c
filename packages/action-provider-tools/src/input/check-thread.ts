/** The other side of `check-threads.ts`: checks one body at a time, for as long as it is told. */
import { parentPort } from 'node:worker_threads'
import { compileSchemaCheck, type JsonSchemaCheck } from './json-schema.ts'
import { withinTime } from './within-time.ts'

/** What a thread is asked. Schema and body come as JSON text: copying a text costs least. */
export type Question = { schema: string; body: string; showInput: boolean; limit: number }

const checks = new Map<string, JsonSchemaCheck>()

parentPort?.on('message', ({ schema, body, showInput, limit }: Question) => {
  const { errorsOf } = checkOf(schema)
  const value: unknown = JSON.parse(body)
  parentPort?.postMessage(withinTime(() => errorsOf(value, showInput), limit))
})

function checkOf(schema: string): JsonSchemaCheck {
  const check = checks.get(schema) ?? compileSchemaCheck(JSON.parse(schema), { ready: true })
  checks.set(schema, check)
  return check
}
