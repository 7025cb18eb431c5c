import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, extname } from 'node:path'

/**
 * What to say where a provider's own database is not there yet and others are beside it: one that has been renamed has left its actions
 * there. `undefined` where there is nothing to say.
 * @param databaseUrl `sqlite:PATH`, before it is opened
 */
export function otherDatabases(databaseUrl: string): string | undefined {
  const path = databaseUrl.slice('sqlite:'.length)
  if (!databaseUrl.startsWith('sqlite:') || existsSync(path) || !existsSync(dirname(path))) return undefined
  const others = readdirSync(dirname(path)).filter((file) => extname(file) === '.db')
  if (others.length === 0) return undefined
  const [name = ''] = others.map((file) => basename(file, '.db'))
  return `The database ${path} is new, and beside it is ${others.join(', ')}: if you have renamed this provider, define it with namespace: '${name}' to have its actions again`
}
