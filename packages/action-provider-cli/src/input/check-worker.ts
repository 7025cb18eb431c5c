/**
 * A thread that checks one body against one schema and posts the result. A provider's schema may take any
 * time and memory: the main thread can end this one.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { compileInput } from 'action-provider-tools/client/checks'
import type { Checked } from './check-body.ts'

const { schema, body } = workerData as { schema: string; body: string }

parentPort?.postMessage('begins')
parentPort?.postMessage(await check())

async function check(): Promise<Checked> {
  try {
    // Errors may repeat the input, because only the caller sees them.
    const checked = await compileInput(JSON.parse(schema)).validate(JSON.parse(body), { showInput: true })
    return { errors: checked.ok ? [] : checked.errors }
  } catch (error) {
    return { unusable: String(error) }
  }
}
