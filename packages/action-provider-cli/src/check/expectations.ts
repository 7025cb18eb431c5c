import { type Document, isObject, isStatus } from '../client/documents.ts'
import { Fault } from './outcome.ts'
import type { Answer } from './wire.ts'

/** @throws Fault unless the status is one of those wanted */
export function expectStatus(answer: Answer, ...wanted: readonly number[]): void {
  if (wanted.includes(answer.status)) return
  throw new Fault(`the status is ${answer.status}, not ${wanted.join(' or ')}`, answer)
}

/** @throws Fault unless the request is refused with this status and an error document of this code */
export function expectRefusal(answer: Answer, status: number, code: string): void {
  expectStatus(answer, status)
  const { json } = answer
  if (!isObject(json)) throw new Fault('the error is not a JSON object', answer)
  if (json.code !== code)
    throw new Fault(`the code of the error is ${JSON.stringify(json.code)}, not "${code}"`, answer)
}

/** @throws Fault unless the answer is a status document with this status code */
export function expectAction(answer: Answer, ...wanted: readonly number[]): Document & { action_id: string } {
  expectStatus(answer, ...wanted)
  const { json } = answer
  if (!isStatus(json)) throw new Fault('the answer is not a status document', answer)
  if (typeof json.action_id !== 'string') throw new Fault('the action_id is not a string', answer)
  return json as Document & { action_id: string }
}

/** @throws Fault unless the answer is about the action with this id */
export function expectSameAction(answer: Answer, id: string, ...wanted: readonly number[]): Document {
  const document = expectAction(answer, ...wanted)
  if (document.action_id !== id)
    throw new Fault(`the answer is about another action, ${document.action_id}, not ${id}`, answer)
  return document
}

/** @throws Fault with this message if the condition is false */
export function expectThat(holds: boolean, message: string, answer: Answer): void {
  if (!holds) throw new Fault(message, answer)
}
