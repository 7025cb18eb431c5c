import fc from 'fast-check'
import type { Death } from './mortal-store.ts'

/** What work may do, and what may happen to it: made up for the model in steps-model.test.ts. */

export type Act =
  /** Fails so often before it has a result. */
  | { kind: 'step'; name: string; failures: number }
  /** No hours: a sleep in memory. */
  | { kind: 'sleep'; name: string; hours: number }
  /** So many values of one event, each sent so often; one that comes late or never is waited for for an hour. */
  | { kind: 'wait'; comes: 'early' | 'asked' | 'late' | 'never'; values: number; times: number }
/** Stages follow each other, the branches of a stage run side by side, the acts of a branch follow each other. */
type Program = Act[][][]

export type Story = {
  program: Program
  /** How each instance dies but the last. */
  deaths: Death[]
  /** At which moment cancel is asked for: moments are the tries of steps, and when all sleeps. */
  cancelAt: number | undefined
  /** In hours from the start; half an hour is added, so that it is never a close call. */
  deadline: number | undefined
}

/** An act as the model knows it. */
export type Planned = {
  /** The name that it is given, and the one under which it is kept. */
  given: string
  key: string
  act: Act
  /** The steps and waits that are over before it begins. */
  after: string[]
  /** How many hours have passed by then, at least. */
  hours: number
}

/** What is sent to a wait, and what it gives to the work. */
export const sentTo = ({ key, act }: Planned): string[] =>
  act.kind === 'wait' && act.comes !== 'never'
    ? Array.from({ length: act.values }, (_, index) => `${key} ${index}`)
    : []

/** Whether nothing comes of a wait in its time. */
export const timesOut = (act: Act): boolean =>
  act.kind === 'wait' && (act.comes === 'late' || act.comes === 'never')

function hoursOf(act: Act): number {
  return act.kind === 'sleep' ? act.hours : timesOut(act) ? 1 : 0
}

/** The program with the names that its acts are kept under. */
export function planOf(program: Program): { plan: Planned[][][]; hours: number } {
  const counts = new Map<string, number>()
  let before: string[] = []
  let hours = 0
  let events = 0
  const plan = program.map((stage) => {
    const alone = stage.length === 1 || stage.every((branch) => branch.length === 1)
    const planned = stage.map((branch, index) => {
      let after = before
      let passed = hours
      return branch.map((act): Planned => {
        // Each wait has an event of its own, whose name stands in a URL.
        const name = act.kind === 'wait' ? `event-${++events}` : act.name
        const given = alone || act.kind === 'wait' ? name : `${index} ${name}`
        const count = (counts.get(given) ?? 0) + 1
        counts.set(given, count)
        const key = count === 1 ? given : `${given}#${count}`
        const one = { given, key, act, after, hours: passed }
        if (act.kind !== 'sleep') after = [...after, key]
        passed += hoursOf(act)
        return one
      })
    })
    before = [...before, ...planned.flat().flatMap(({ key, act }) => (act.kind === 'sleep' ? [] : key))]
    const took = stage.map((branch) => branch.reduce((sum, act) => sum + hoursOf(act), 0))
    hours += Math.max(...took)
    return planned
  })
  return { plan, hours }
}

const name = fc.constantFrom('a', 'b')
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('step' as const),
      name,
      failures: fc.constantFrom(0, 0, 0, 1, 2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('sleep' as const), name, hours: fc.constantFrom(0, 1, 2) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      comes: fc.constantFrom('early', 'asked', 'late', 'never'),
      values: fc.constantFrom(1, 2),
      times: fc.constantFrom(1, 2),
    }),
  },
)
const branch = fc.array(act, { minLength: 1, maxLength: 3 })
const stage = fc.array(branch, { minLength: 1, maxLength: 3 })
const death = fc.record({ call: fc.integer({ min: 1, max: 8 }), done: fc.boolean() })
export const story: fc.Arbitrary<Story> = fc.record({
  program: fc.array(stage, { minLength: 1, maxLength: 4 }),
  deaths: fc.array(death, { maxLength: 4 }),
  cancelAt: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined, freq: 2 }),
  deadline: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined, freq: 2 }),
})
