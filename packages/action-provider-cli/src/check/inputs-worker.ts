/** A thread that finds inputs that a provider's schema accepts and refuses, and posts them. */
import { parentPort, workerData } from 'node:worker_threads'
import { compileInput, exampleInput } from 'action-provider-tools/client/checks'
import { isObject } from '../client/documents.ts'
import type { Unusable } from '../input/schema-thread.ts'
import type { Inputs } from './inputs.ts'

const { schema, given } = workerData as { schema: string; given: unknown }

parentPort?.postMessage('begins')
parentPort?.postMessage(await inputs())

async function inputs(): Promise<Inputs | Unusable> {
  try {
    const read: unknown = JSON.parse(schema)
    if (!isObject(read)) return { unusable: 'it is not a JSON object' }
    const compiled = compileInput(read)
    const input = given ?? (await exampleInput(compiled))
    const checked = await compiled.validate(input, { showInput: true })
    for (const unfit of mistakes(input, read)) {
      if (!(await compiled.validate(unfit)).ok)
        return { input, unfit, errors: checked.ok || input === undefined ? [] : checked.errors }
    }
    return { input, errors: checked.ok || input === undefined ? [] : checked.errors }
  } catch (error) {
    return { unusable: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * Inputs that a schema may refuse: with an unknown field, without fields, or with a field of another type.
 */
function mistakes(input: unknown, { properties }: Readonly<Record<string, unknown>>): unknown[] {
  const good = isObject(input) ? input : {}
  const names = Object.keys(isObject(properties) ? properties : {})
  return [
    { ...good, a_field_that_nobody_knows: true },
    {},
    ...names.flatMap((name) => [
      { ...good, [name]: { a_field_that_nobody_knows: true } },
      { ...good, [name]: 0.5 },
      { ...good, [name]: 'a text' },
    ]),
  ]
}
