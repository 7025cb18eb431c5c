import { invalidToken } from '../auth/bearer-token.ts'
import { UnauthorizedRequest } from '../errors.ts'

/** `Authorization: Bearer …` (RFC 6750, section 2.1). The scheme's case does not matter (RFC 9110, section 11.1). */
const BEARER = /^Bearer +(\S+) *$/i

/**
 * The bearer token of a request; whether it is one is for the Auth to say.
 * @throws UnauthorizedRequest where there is none
 */
export function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined) throw new UnauthorizedRequest()
  const token = BEARER.exec(authorization)?.[1]
  if (token === undefined) {
    throw invalidToken('The Authorization header is malformed: send "Authorization: Bearer <token>"')
  }
  return token
}
