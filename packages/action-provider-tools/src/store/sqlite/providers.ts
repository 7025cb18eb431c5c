import type { DatabaseSync } from 'node:sqlite'
import { prepare } from './statement.ts'

/** The namespaces of providers. Other tables refer to them by a small number. */
type Providers = {
  /** The number of a provider; `undefined` before its first action. */
  find: (name: string) => number | undefined
  /** The number of a provider, added if it is missing. Do not call it inside a transaction. */
  number: (name: string) => number
}

export function createProviders(database: DatabaseSync): Providers {
  const select = prepare<[number]>(database, 'SELECT id FROM providers WHERE name = ?')
  const insert = prepare(database, 'INSERT INTO providers (name) VALUES (?) ON CONFLICT DO NOTHING')
  const known = new Map<string, number>()

  function find(name: string): number | undefined {
    const present = known.get(name)
    if (present !== undefined) return present
    const [number] = select.get(name) ?? []
    if (number !== undefined) known.set(name, number)
    return number
  }

  return {
    find,
    number(name) {
      const present = find(name)
      if (present !== undefined) return present
      insert.run(name)
      return find(name) as number
    },
  }
}
