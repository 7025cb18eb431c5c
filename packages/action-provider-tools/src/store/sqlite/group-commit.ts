import type { DatabaseSync } from 'node:sqlite'
import { isOutage, storeError } from './failures.ts'

type PendingWrite = {
  operation: () => unknown
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** Commits the writes of many callers together. */
export type GroupCommit = {
  /**
   * Runs an operation inside a transaction, soon. Resolves with its result once that is on disk. If an
   * operation throws, only its own changes are undone and only its caller is rejected; if the database fails,
   * all are. An operation may be undone and run again.
   */
  write: <T>(operation: () => T) => Promise<T>
  /** Commits all pending operations now. */
  flush: () => void
}

/** The most operations in one transaction: it blocks this process. */
const BATCH_SIZE = 256

/**
 * Operations from two turns of the event loop share a transaction, which costs one write to disk.
 * @param confirm throws if the database file was replaced; called before a transaction and before its results
 * are reported
 */
export function createGroupCommit(database: DatabaseSync, confirm: () => void = () => {}): GroupCommit {
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const rollback = database.prepare('ROLLBACK')
  const savepoint = database.prepare('SAVEPOINT operation')
  const releaseSavepoint = database.prepare('RELEASE operation')
  const rollbackToSavepoint = database.prepare('ROLLBACK TO operation')
  const pending: PendingWrite[] = []
  let scheduled = false

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    // The second turn lets callers that were just answered add their next operation.
    setImmediate(setImmediate, () => {
      scheduled = false
      commitBatch()
    })
  }

  function commitBatch(): void {
    const batch = pending.splice(0, BATCH_SIZE)
    if (batch.length === 0) return
    if (pending.length > 0) schedule()
    try {
      confirm()
      const answers = commitAll(batch)
      confirm()
      for (const answer of answers) answer()
    } catch (error) {
      rollBack()
      for (const { reject } of batch) reject(storeError(error))
    }
  }

  /**
   * Runs and commits a batch. Returns functions that answer the callers. Savepoints cost time, so they are
   * used only if an operation has failed.
   */
  function commitAll(batch: readonly PendingWrite[]): (() => void)[] {
    try {
      return transact(batch, runOne)
    } catch (error) {
      if (isOutage(error)) throw error
      rollBack()
      return transact(batch, runInSavepoint)
    }
  }

  function transact(batch: readonly PendingWrite[], run: (one: PendingWrite) => () => void): (() => void)[] {
    begin.run()
    const answers = batch.map(run)
    commit.run()
    return answers
  }

  function runOne({ operation, resolve }: PendingWrite): () => void {
    const value = operation()
    return () => resolve(value)
  }

  function runInSavepoint(one: PendingWrite): () => void {
    savepoint.run()
    try {
      const answer = runOne(one)
      releaseSavepoint.run()
      return answer
    } catch (error) {
      // After some errors SQLite itself rolls back the transaction (sqlite.org/lang_transaction.html).
      if (isOutage(error) || !database.isTransaction) throw error
      rollbackToSavepoint.run()
      releaseSavepoint.run()
      return () => one.reject(storeError(error))
    }
  }

  function rollBack(): void {
    try {
      if (database.isTransaction) rollback.run()
    } catch {
      // SQLite has already ended the transaction.
    }
  }

  return {
    write<T>(operation: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        pending.push({ operation, resolve: resolve as (value: unknown) => void, reject })
        schedule()
      })
    },
    flush() {
      while (pending.length > 0) commitBatch()
    },
  }
}
