/** What the work did, and when, in milliseconds of a clock that all processes share. */
export type StepLine = {
  /** `done`: a step has had its effect. `kept`: the work was given its result, which is durable by then. */
  what: 'begin' | 'done' | 'kept'
  action_id: string
  attempt: number
  step?: string
  /** What the step gave: another value each time that it runs. */
  result?: string
  at: number
}

export const STEP_NAMES = ['one', 'two', 'three', 'four', 'five']
