import type { DatabaseSync } from 'node:sqlite'
import type { SealedEvent, SealedStep } from '../action-store.ts'
import type { Write } from '../changes.ts'
import { prepare } from './statement.ts'

/** The steps and events of unfinished work. */
export type Steps = {
  steps: (action: number) => SealedStep[]
  events: (action: number) => SealedEvent[]
  /** @param before how many events were delivered before */
  write: (action: number, before: number, write: Pick<Write, 'steps' | 'events'>) => void
  remove: (action: number) => void
}

type EventRow = readonly [event: string, delivery: Uint8Array, sealed: Uint8Array, position: number]

export function createSteps(database: DatabaseSync): Steps {
  const select = prepare<[string, Uint8Array]>(database, 'SELECT name, sealed FROM steps WHERE number = ?')
  const upsert = prepare(
    database,
    'INSERT INTO steps (number, name, sealed) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed',
  )
  const erase = prepare(database, 'DELETE FROM steps WHERE number = ?')
  const selectEvents = prepare<EventRow>(
    database,
    'SELECT event, delivery, sealed, position FROM events WHERE number = ?',
  )
  const insertEvent = prepare(
    database,
    'INSERT INTO events (number, event, delivery, position, sealed) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const takeBack = prepare(database, 'DELETE FROM events WHERE number = ? AND event = ? AND delivery = ?')
  const eraseEvents = prepare(database, 'DELETE FROM events WHERE number = ?')

  function remove(action: number): void {
    erase.run(action)
    eraseEvents.run(action)
  }

  return {
    steps: (action) => select.all(action).map(([name, sealed]) => ({ name, sealed })),
    events: (action) =>
      selectEvents
        .all(action)
        .sort((a, b) => a[3] - b[3])
        .map(([event, delivery, sealed]) => ({ event, delivery, sealed })),
    write(action, before, { steps, events }) {
      if (steps === null || events === null) return remove(action)
      for (const { name, sealed } of steps) upsert.run(action, name, sealed)
      for (const [index, { event, delivery, sealed }] of events.entries()) {
        if (sealed === null) takeBack.run(action, event, delivery)
        else insertEvent.run(action, event, delivery, before + index, sealed)
      }
    },
    remove,
  }
}
