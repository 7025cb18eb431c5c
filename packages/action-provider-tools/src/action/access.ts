import type { AuthState } from '../auth/auth.ts'
import type { ActionStatus } from '../documents/action-status.ts'
import { groupURN, LISTS, PUBLIC, type Role } from '../documents/principal.ts'
import { ActionNotFound, ForbiddenRequest } from '../errors.ts'

/** The parts of an action that decide who may see and manage it. */
export type AccessLists = {
  creator_id: string
  monitor_by?: readonly string[] | undefined
  manage_by?: readonly string[] | undefined
}

/** Whether introspect needs no token (interface, introspect). */
export function isPublic(visibleTo: readonly string[]): boolean {
  return visibleTo.includes(PUBLIC)
}

/**
 * Authorizes a caller by a list of the provider's description. Answers synchronously if the caller's
 * identities decide.
 * @throws ForbiddenRequest (interface, "Codes" 403)
 * @throws ServiceUnavailable
 */
export function authorizeListed(
  auth: AuthState,
  list: 'visible_to' | 'runnable_by',
  allowed: readonly string[],
): Promise<void> | void {
  const may = auth.checkAuthorization(allowed, { allowPublic: true, allowAllAuthenticatedUsers: true })
  return refuseUnless(
    may,
    () =>
      new ForbiddenRequest(`You are not in this provider's ${list}: ask its administrators (admin_contact)`),
  )
}

/**
 * Authorizes a caller to see an action: its creator and the principals in monitor_by.
 * @throws ActionNotFound, so that others do not learn that the action exists (interface, "Codes" 404)
 * @throws ServiceUnavailable
 * @example await authorizeAccess(auth, status)
 */
export function authorizeAccess(auth: AuthState, action: AccessLists): Promise<void> | void {
  return authorizeRole(auth, action.creator_id, action.monitor_by)
}

/**
 * Authorizes a caller to change an action: its creator and the principals in manage_by.
 * @throws ActionNotFound
 * @throws ServiceUnavailable
 */
export function authorizeManagement(auth: AuthState, action: AccessLists): Promise<void> | void {
  return authorizeRole(auth, action.creator_id, action.manage_by)
}

function authorizeRole(
  auth: AuthState,
  creator: string,
  others: readonly string[] = [],
): Promise<void> | void {
  if (auth.identities.has(creator)) return
  const may = auth.checkAuthorization([...others, EMPTY_GROUP], { allowAllAuthenticatedUsers: true })
  return refuseUnless(may, () => new ActionNotFound())
}

/** A group without members. */
const EMPTY_GROUP = groupURN('00000000-0000-0000-0000-000000000000')

/**
 * Refuses an operation on an action that does not exist. Looks up the caller's groups first, as the refusal
 * for an existing action does: otherwise, while Globus Groups is down, the codes 404 and 503 would tell them
 * apart.
 * @throws ActionNotFound
 * @throws ServiceUnavailable
 */
export function refuseMissing(auth: AuthState): Promise<never> | never {
  const refuse = (): never => {
    throw new ActionNotFound()
  }
  const member = auth.checkAuthorization([EMPTY_GROUP])
  return typeof member === 'boolean' ? refuse() : member.then(refuse)
}

function refuseUnless(may: boolean | Promise<boolean>, refusal: () => Error): Promise<void> | void {
  if (typeof may !== 'boolean') return may.then((allowed) => refuseUnless(allowed, refusal))
  if (!may) throw refusal()
}

/** Whether a caller has one of the roles in an action (interface, enumerate). */
export async function hasRole(
  auth: AuthState,
  action: ActionStatus,
  roles: ReadonlySet<Role>,
): Promise<boolean> {
  if (roles.has('creator_id') && auth.identities.has(action.creator_id)) return true
  for (const role of LISTS) {
    const allowed = action[role]
    if (
      roles.has(role) &&
      allowed &&
      (await auth.checkAuthorization(allowed, { allowAllAuthenticatedUsers: true }))
    ) {
      return true
    }
  }
  return false
}
