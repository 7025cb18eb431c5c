import { ConsentRequired } from '../errors.ts'

/**
 * Returns a token for a provider each time one is needed. `refused` is a token that the provider just
 * refused: return another one, or undefined if there is none.
 */
export type GetToken = (asked: { refused?: string }) => string | undefined | Promise<string | undefined>

/** The part of an AuthorizationManager of `@globus/sdk` that is used. `authorization.create` makes one. */
export type GlobusManager = {
  tokens: { getAll(): readonly GlobusToken[] }
  refreshToken(token: GlobusToken & { refresh_token: string }): Promise<unknown>
}
type GlobusToken = {
  access_token: string
  scope: string
  expires_in: number
  token_type: string
  resource_server: string
  refresh_token?: string
  __metadata?: { created: number; expires: number | null }
}

/** The caller: a token, a function that returns one, or a manager of `@globus/sdk`. */
export type TokenOptions =
  | { token?: string | undefined; getToken?: undefined; manager?: undefined }
  | { token?: undefined; getToken: GetToken; manager?: undefined }
  | {
      token?: undefined
      getToken?: undefined
      manager: GlobusManager
      /**
       * The scope of the provider. You name it, because a provider that named another provider's scope would
       * get the token for that one.
       */
      scope: string
    }

/** Turns the options into one function that returns tokens; `undefined` without any. */
export function tokensOf(options: TokenOptions): GetToken | undefined {
  const { token, getToken, manager } = options
  if (manager !== undefined) return managed(manager, options.scope)
  if (getToken !== undefined) return getToken
  return token === undefined ? undefined : () => token
}

/** @throws ConsentRequired if the manager has no token for the scope */
function managed(manager: GlobusManager, scope: string): GetToken {
  const find = (): GlobusToken | undefined =>
    manager.tokens.getAll().find((token) => token.scope.split(' ').includes(scope))
  return async ({ refused }) => {
    const found = find()
    if (found === undefined) throw new ConsentRequired(scope)
    const expires = found.__metadata?.expires ?? Number.POSITIVE_INFINITY
    const { refresh_token } = found
    if ((found.access_token !== refused && expires > Date.now()) || refresh_token === undefined)
      return found.access_token
    await manager.refreshToken({ ...found, refresh_token })
    return find()?.access_token
  }
}
