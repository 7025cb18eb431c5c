import { ROLES, type Role } from '../../documents/principal.ts'
import type { StoredAction } from '../action-store.ts'
import { ROLE_CODES } from '../codes.ts'
import { principalKey } from '../principal-key.ts'

/** That someone may see an action in a role. */
export type Access<Action> = { action: Action; role: number; principal: Buffer }

/** Who may see an action in which role: as many rows of the table `access`. */
export function accessTo<Action extends Pick<StoredAction, Role>>(action: Action): Access<Action>[] {
  return ROLES.flatMap((role) => {
    const principals = role === 'creator_id' ? [action.creator_id] : [...new Set(action[role])]
    return principals.map((principal) => ({
      action,
      role: ROLE_CODES[role],
      principal: principalKey(principal),
    }))
  })
}
