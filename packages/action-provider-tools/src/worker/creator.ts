import type { AuthState } from '../auth/auth.ts'
import type { PrincipalURN } from '../documents/principal.ts'
import { ConsentRequired, UnauthorizedRequest } from '../errors.ts'
import type { Creator } from '../provider/run-context.ts'
import type { AttemptState } from './sealed-state.ts'
import type { WorkerContext } from './worker-context.ts'

/** Whom an attempt acts as, and with what. */
export type ActsAs = {
  /** Made on first use: what is sealed is not opened for nothing. */
  creator: () => Creator
  dependentToken: (scope: string) => Promise<string>
}

/** Work that runs within the request of its creator. */
export function inRequestOf(auth: AuthState): ActsAs {
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
 * Work that runs after it, by what is sealed for it.
 * @param creatorId says who they are where an older version sealed no more than their token
 */
export function afterRequest(worker: WorkerContext, creatorId: PrincipalURN, state: AttemptState): ActsAs {
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

/** @throws ConsentRequired where the token has ended */
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
