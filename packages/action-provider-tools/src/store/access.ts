import { uuidBytes } from '../action/keys.ts'
import { groupURN, identityURN, ROLES, type Role } from '../documents/principal.ts'
import type { StoredAction } from './action-store.ts'

/** A role and a principal that has it, as columns of the table `access`. */
type AccessKey = { role: number; principal: Buffer }

/** The codes of roles in the database. They never change. */
const ROLE_CODES: Record<Role, number> = { creator_id: 0, monitor_by: 1, manage_by: 2 }

const IDENTITY = identityURN('')
const GROUP = groupURN('')

/** The keys of principals by role, without duplicates. */
export function accessKeys(principals: Partial<Record<Role, readonly string[]>>): AccessKey[] {
  const keys: AccessKey[] = []
  for (const role of ROLES) {
    const listed = principals[role]
    if (listed === undefined || listed.length === 0) continue
    for (const principal of new Set(listed)) {
      keys.push({ role: ROLE_CODES[role], principal: principalKey(principal) })
    }
  }
  return keys
}

/** The keys of everyone who has a role in an action. */
export function accessKeysOf({ creator_id, monitor_by, manage_by }: StoredAction): AccessKey[] {
  return accessKeys({ creator_id: [creator_id], monitor_by, manage_by })
}

/**
 * The short key of a principal in the index: 17 bytes for an identity or a group, otherwise its text.
 * Different principals have different keys.
 */
export function principalKey(principal: string): Buffer {
  return compact(1, IDENTITY, principal) ?? compact(2, GROUP, principal) ?? Buffer.from(`\0${principal}`)
}

function compact(kind: number, prefix: string, principal: string): Buffer | undefined {
  const uuid = principal.startsWith(prefix) ? uuidBytes(principal.slice(prefix.length)) : undefined
  return uuid && Buffer.concat([Buffer.of(kind), uuid])
}
