import { uuidBytes } from '../action/keys.ts'
import { groupURN, identityURN, ROLES, type Role } from '../documents/principal.ts'
import type { StoredAction } from './action-store.ts'

/** A role and who has it, as the table `access` keeps them. */
type AccessKey = { role: number; principal: Buffer }

/** How a role is written in a column. These numbers never change. */
const ROLE_CODES: Record<Role, number> = { creator_id: 0, monitor_by: 1, manage_by: 2 }

const IDENTITY = identityURN('')
const GROUP = groupURN('')

/** Each role of each principal, once: those of an action, or those that a list is asked for. */
export function accessKeys(principals: Partial<Record<Role, readonly string[]>>): AccessKey[] {
  const keys: AccessKey[] = []
  for (const role of ROLES) {
    const named = principals[role]
    if (named === undefined || named.length === 0) continue
    for (const principal of new Set(named)) {
      keys.push({ role: ROLE_CODES[role], principal: principalKey(principal) })
    }
  }
  return keys
}

/** Who has which role in an action. */
export function accessTo({ creator_id, monitor_by, manage_by }: StoredAction): AccessKey[] {
  return accessKeys({ creator_id: [creator_id], monitor_by, manage_by })
}

/**
 * A principal in few bytes, for the index of who may see which action: 17 for an identity or a group, else
 * its text. Different principals have different keys.
 */
export function principalKey(principal: string): Buffer {
  return compact(1, IDENTITY, principal) ?? compact(2, GROUP, principal) ?? Buffer.from(`\0${principal}`)
}

function compact(kind: number, prefix: string, principal: string): Buffer | undefined {
  const uuid = principal.startsWith(prefix) ? uuidBytes(principal.slice(prefix.length)) : undefined
  return uuid && Buffer.concat([Buffer.of(kind), uuid])
}
