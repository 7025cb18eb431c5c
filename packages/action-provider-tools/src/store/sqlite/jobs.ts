import type { DatabaseSync } from 'node:sqlite'
import { uuidText } from '../../action/keys.ts'
import { prepare } from './prepare.ts'

/** Work that waits, or that an instance has taken. An action has one job or none. */
export type Jobs = {
  /** Makes an action's work due at a time, taken by nobody. */
  put: (action: number, provider: number, dueAt: number) => void
  remove: (action: number) => void
  /** Whether `take` would find anything. */
  areDue: (provider: number, now: number, clock: number) => boolean
  /** Takes jobs that are due and that nobody holds; those whose holder was not heard of until `clock` come last. */
  take: (
    provider: number,
    instance: string,
    now: number,
    clock: number,
    until: number,
    limit: number,
  ) => string[]
  /** Lengthens an instance's hold on a job. Returns whether it had one. */
  keep: (action: number, instance: string, until: number) => boolean
  /** Gives a job back, due since it was taken. */
  giveBack: (action: number, instance: string) => void
  /** Frees all jobs, whoever held them. */
  freeAll: () => void
  waiting: (provider: number) => number
}

type Due = readonly [number: number, action_id: Uint8Array]

export function createJobs(database: DatabaseSync): Jobs {
  const upsert = prepare(
    database,
    `INSERT INTO jobs (number, provider, due_at) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET due_at = excluded.due_at, taken_by = NULL, taken_until = NULL`,
  )
  const erase = prepare(database, 'DELETE FROM jobs WHERE number = ?')
  const waiting = 'FROM jobs WHERE provider = ? AND due_at <= ? AND taken_by IS NULL'
  const forsaken =
    'FROM jobs WHERE provider = ? AND taken_until <= ? AND taken_by IS NOT NULL AND due_at <= ?'
  const anyDue = prepare<[number]>(
    database,
    `SELECT EXISTS (SELECT 1 ${waiting}) OR EXISTS (SELECT 1 ${forsaken})`,
  )
  const withId = (found: string, order: string): string =>
    `SELECT number, action_id FROM (SELECT number ${found} ORDER BY ${order} LIMIT ?) JOIN actions USING (number)`
  const selectWaiting = prepare<Due>(database, withId(waiting, 'due_at'))
  const selectForsaken = prepare<Due>(database, withId(forsaken, 'taken_until'))
  const hold = prepare(database, 'UPDATE jobs SET taken_by = ?, taken_until = ? WHERE number = ?')
  const prolong = prepare(database, 'UPDATE jobs SET taken_until = ? WHERE number = ? AND taken_by = ?')
  const free = prepare(
    database,
    'UPDATE jobs SET taken_by = NULL, taken_until = NULL WHERE number = ? AND taken_by = ?',
  )
  const freeEvery = prepare(
    database,
    'UPDATE jobs SET taken_by = NULL, taken_until = NULL WHERE taken_by IS NOT NULL',
  )
  const count = prepare<[number]>(
    database,
    'SELECT count(*) FROM jobs WHERE provider = ? AND taken_by IS NULL',
  )

  return {
    put: (action, provider, dueAt) => void upsert.run(action, provider, dueAt),
    remove: (action) => void erase.run(action),
    areDue: (provider, now, clock) => anyDue.get(provider, now, provider, clock, now)?.[0] === 1,
    take(provider, instance, now, clock, until, limit) {
      const due = selectWaiting.all(provider, now, limit)
      if (due.length < limit) due.push(...selectForsaken.all(provider, clock, now, limit - due.length))
      for (const [number] of due) hold.run(instance, until, number)
      return due.map(([, action_id]) => uuidText(action_id))
    },
    keep: (action, instance, until) => prolong.run(until, action, instance).changes === 1,
    giveBack: (action, instance) => void free.run(action, instance),
    freeAll: () => void freeEvery.run(),
    waiting: (provider) => count.get(provider)?.[0] ?? 0,
  }
}
