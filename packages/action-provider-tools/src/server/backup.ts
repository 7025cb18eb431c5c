import type { Logger } from '../log.ts'
import type { ActionStore } from '../store/action-store.ts'

/**
 * Backs a SQLite store up each time the process gets SIGUSR2, to `<database>.backup`: the file is locked, so
 * no other program can copy it. With another store it logs that its database has its own tools.
 *
 * @param databaseUrl of the store
 * @returns a function that ends it, and waits for a running backup
 * @example
 * const endBackups = backUpOnSignal(store, settings.databaseUrl, app.log)
 */
export function backUpOnSignal(store: ActionStore, databaseUrl: string, log: Logger): () => Promise<void> {
  const path = `${databaseUrl.replace(/^sqlite:/, '')}.backup`
  let underway: Promise<void> | undefined

  async function backUp(): Promise<void> {
    if (store.backUpTo === undefined) {
      log.warn('SIGUSR2 backs up SQLite alone: use the tools of your database, such as pg_dump')
      return
    }
    try {
      await store.backUpTo(path)
      log.info({ path }, 'The database is backed up')
    } catch (error) {
      log.error({ err: error, path }, 'The database could not be backed up')
    }
  }

  const onSignal = (): void => {
    underway ??= backUp().finally(() => {
      underway = undefined
    })
  }
  process.on('SIGUSR2', onSignal)
  return async () => {
    process.off('SIGUSR2', onSignal)
    await underway
  }
}
