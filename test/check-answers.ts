import { afterAll, afterEach } from 'vitest'
import { checkAnswers, driftsFound } from '../packages/action-provider-tools/test/openapi/checked-answers.ts'

/** Before each file of tests: what providers answer in it is compared with their OpenAPI documents. */

checkAnswers()

async function failAtDrift(): Promise<void> {
  const drifts = await driftsFound()
  if (drifts.length > 0) throw new Error([...new Set(drifts)].join('\n'))
}
afterEach(failAtDrift)
afterAll(failAtDrift)
