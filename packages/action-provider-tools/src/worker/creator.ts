import type { AuthState } from '../auth/auth.ts'
import type { PrincipalURN } from '../documents/principal.ts'
import { ConsentRequired, UnauthorizedRequest } from '../errors.ts'
import type { Creator } from '../provider/run-context.ts'
import type { AttemptState } from './sealed-state.ts'
import type { WorkerContext } from './worker-context.ts'

/** The creator for whom an attempt acts, and their dependent tokens. */
export type CreatorAccess = {
  /** Opens the sealed state, so call it only if the work asks for its creator. */
  creator: () => Creator
  dependentToken: (scope: string) => Promise<string>
}

/** Access of work that runs inline: the creator's request is still open. */
export function inRequestOf(auth: AuthState): CreatorAccess {
  return {
    creator: () => ({
      username: auth.username,
      name: auth.name,
      identities: auth.identities,
      groups: () => auth.groups(),
    }),
    dependentToken: async (scope) => (await auth.dependentToken(scope)).access_token,
  }
}

/**
 * Access of work that runs after the request, from the sealed state of the action.
 * @param creatorId the creator's identity, for state that an older version sealed without the identities
 */
export function afterRequest(
  worker: WorkerContext,
  creatorId: PrincipalURN,
  state: AttemptState,
): CreatorAccess {
  return {
    creator() {
      const { caller, creator } = state.value
      return {
        username: creator?.username,
        name: creator?.name,
        identities: new Set(creator?.identities ?? [creatorId]),
        groups: () => groupsOf(worker, caller),
      }
    },
    dependentToken: state.dependentToken,
  }
}

/** @throws ConsentRequired if the creator's token is missing or no longer valid */
async function groupsOf(
  { auth, provider }: WorkerContext,
  token: string | undefined,
): Promise<ReadonlySet<PrincipalURN>> {
  try {
    if (token === undefined) throw new ConsentRequired(auth.scope)
    return await (await auth.authenticate(token, provider.additionalScopes)).groups()
  } catch (error) {
    if (error instanceof UnauthorizedRequest) throw new ConsentRequired(auth.scope, { cause: error })
    throw error
  }
}
