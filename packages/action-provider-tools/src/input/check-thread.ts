/**
 * The program of the threads in `check-lane.ts`: it checks one body at a time, within the time limit of each
 * question.
 */
import { parentPort } from 'node:worker_threads'
import { compileSchemaCheck, type JsonSchemaCheck } from './json-schema.ts'
import { withinTime } from './within-time.ts'

/** A body to check. Schema and body are JSON text, because text is the cheapest to copy to a thread. */
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
