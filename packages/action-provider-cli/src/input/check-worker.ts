/**
 * A thread that checks one body against one schema and posts what that came to. The schema is a provider's: it may take
 * any time and memory, and whoever started this ends it then.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { compileInput } from 'action-provider-tools/client/checks'
import type { Checked } from './check-body.ts'

const { schema, body } = workerData as { schema: string; body: string }

parentPort?.postMessage('begins')
parentPort?.postMessage(await check())

async function check(): Promise<Checked> {
  try {
    // What is repeated is the caller's own, and goes to nobody else.
    const checked = await compileInput(JSON.parse(schema)).validate(JSON.parse(body), { showInput: true })
    return { errors: checked.ok ? [] : checked.errors }
  } catch (error) {
    return { unusable: String(error) }
  }
}
