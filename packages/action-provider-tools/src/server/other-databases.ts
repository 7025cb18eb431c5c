import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, extname } from 'node:path'

/**
 * A warning where a provider's database does not exist yet and others are beside it: if the provider was
 * renamed, its actions are there. `undefined` where there is nothing to warn of.
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
