import { isComplete, isStatus } from '../client/documents.ts'
import { Fault, TimeUp } from './outcome.ts'
import { createSubject, type Subject, type SubjectOptions, type Who } from './subject.ts'

/** How long releasing may take after the checks, in milliseconds. */
const TIME = 20_000

/**
 * Cancels and releases what the checks started and did not release.
 *
 * @returns the ids of the actions that could not be released
 */
export async function releaseAll(
  { started }: Subject,
  options: Omit<SubjectOptions, 'signal' | 'trace'>,
): Promise<string[]> {
  // The time of the checks may be up.
  const subject = createSubject({ ...options, signal: AbortSignal.timeout(TIME), trace: () => {} })
  const left: string[] = []
  for (const [id, as] of started) {
    const released = await release(subject, id, as).catch((error: unknown) => {
      if (error instanceof Fault || error instanceof TimeUp) return false
      throw error
    })
    if (!released) left.push(id)
  }
  return left
}

async function release(subject: Subject, id: string, as: Who): Promise<boolean> {
  if (await asked(subject, id, as)) return true
  await subject.send({ method: 'POST', path: `/${id}/cancel`, as })
  for (let pause = 50; pause < 2_000; pause *= 2) {
    const { json, status } = await subject.send({ path: `/${id}/status`, as })
    if (status === 404) return true
    if (isStatus(json) && isComplete(json)) break
    await subject.wait(pause)
  }
  return asked(subject, id, as)
}

/** Tries both routes, because one of them may be broken. */
async function asked(subject: Subject, id: string, as: Who): Promise<boolean> {
  for (const ask of [
    { method: 'POST', path: `/${id}/release` },
    { method: 'DELETE', path: `/actions/${id}` },
  ]) {
    const { status } = await subject.send({ ...ask, as })
    if (status === 200 || status === 404) return true
  }
  return false
}
