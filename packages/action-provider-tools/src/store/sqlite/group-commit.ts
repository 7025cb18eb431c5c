import type { DatabaseSync } from 'node:sqlite'
import { isOutage, storeError } from './failures.ts'

type Waiting = {
  operation: () => unknown
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** Makes the writes of many callers durable together. */
export type GroupCommit = {
  /**
   * Runs an operation inside a transaction, soon. Resolves with what it returned once that is on disk. An
   * operation that throws undoes itself and nothing else; a database that fails undoes all and rejects all.
   * An operation may be undone and run again.
   */
  write: <T>(operation: () => T) => Promise<T>
  /** Writes what waits, now. */
  flush: () => void
}

/** How many operations one transaction holds at most: nothing else happens in this process meanwhile. */
const BATCH_SIZE = 256

/**
 * What is asked for in two turns of the event loop shares one transaction, which costs one write to disk.
 * @param confirm throws where the database is not what it was: asked before a transaction, and before its
 * outcomes are told
 */
export function createGroupCommit(database: DatabaseSync, confirm: () => void = () => {}): GroupCommit {
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const rollback = database.prepare('ROLLBACK')
  const mark = database.prepare('SAVEPOINT operation')
  const keep = database.prepare('RELEASE operation')
  const undo = database.prepare('ROLLBACK TO operation')
  const waiting: Waiting[] = []
  let scheduled = false

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    // A second turn lets those who got an answer from the last batch ask again.
    setImmediate(setImmediate, () => {
      scheduled = false
      commitBatch()
    })
  }

  function commitBatch(): void {
    const batch = waiting.splice(0, BATCH_SIZE)
    if (batch.length === 0) return
    if (waiting.length > 0) schedule()
    try {
      confirm()
      const answers = commitAll(batch)
      confirm()
      for (const answer of answers) answer()
    } catch (error) {
      abandon()
      for (const { reject } of batch) reject(storeError(error))
    }
  }

  /**
   * Returns how to tell each its outcome. Savepoints cost time: operations get one each only where one has
   * failed.
   */
  function commitAll(batch: readonly Waiting[]): (() => void)[] {
    try {
      return transact(batch, perform)
    } catch (error) {
      if (isOutage(error)) throw error
      abandon()
      return transact(batch, performAlone)
    }
  }

  function transact(batch: readonly Waiting[], run: (one: Waiting) => () => void): (() => void)[] {
    begin.run()
    const answers = batch.map(run)
    commit.run()
    return answers
  }

  function perform({ operation, resolve }: Waiting): () => void {
    const value = operation()
    return () => resolve(value)
  }

  function performAlone(one: Waiting): () => void {
    mark.run()
    try {
      const telling = perform(one)
      keep.run()
      return telling
    } catch (error) {
      // Some errors make SQLite roll the transaction back by itself (sqlite.org/lang_transaction.html).
      if (isOutage(error) || !database.isTransaction) throw error
      undo.run()
      keep.run()
      return () => one.reject(storeError(error))
    }
  }

  function abandon(): void {
    try {
      if (database.isTransaction) rollback.run()
    } catch {
      // SQLite has ended the transaction itself: only an open one can be rolled back.
    }
  }

  return {
    write<T>(operation: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        waiting.push({ operation, resolve: resolve as (value: unknown) => void, reject })
        schedule()
      })
    },
    flush() {
      while (waiting.length > 0) commitBatch()
    },
  }
}
