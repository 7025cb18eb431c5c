import type { Answer } from './wire.ts'

/** A check found a broken rule. */
export class Fault extends Error {
  override readonly name = 'Fault'
  /** The answer that shows the fault. */
  readonly answer: Answer | undefined

  /** @param message what is wrong, such as `the status is 500, not 400` */
  constructor(message: string, answer?: Answer) {
    super(message)
    this.answer = answer
  }
}

/** A check cannot be made with this provider, or not now. */
export class Skip extends Error {
  override readonly name = 'Skip'
}

/** The time for all checks has passed. */
export class TimeUp extends Error {
  override readonly name = 'TimeUp'
}
