import { randomUUID } from 'node:crypto'

/** An answer of the emulator that is not the one asked for, with the document that Globus would send. */
export class ServiceError extends Error {
  readonly status: number
  readonly body: unknown
  readonly headers: Record<string, string>

  /** @param reason what a developer should know: it goes to the log and a header, as Globus's documents say little */
  constructor(status: number, body: unknown, reason: string, headers: Record<string, string> = {}) {
    super(reason)
    this.name = 'ServiceError'
    this.status = status
    this.body = body
    this.headers = headers
  }
}

export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'

/** The OAuth endpoints' form: `{"error": "invalid_grant"}` (RFC 6749 section 5.2). */
export function oauthError(error: OAuthErrorCode, reason: string, status = 400): ServiceError {
  return new ServiceError(status, { error }, reason)
}

/** The client did not prove who it is. */
export function invalidClient(reason: string): ServiceError {
  return new ServiceError(401, { error: 'invalid_client' }, reason, {
    'www-authenticate': 'Basic realm="Globus Auth"',
  })
}

/** A dependent token was asked for that the user has not allowed. */
export function dependentConsentRequired(scopes: string[]): ServiceError {
  const title = "User must approve your client using scopes. See 'unapproved_scopes'."
  return new ServiceError(
    403,
    {
      error: 'dependent_consent_required',
      error_description: title,
      errors: [
        {
          id: randomUUID(),
          status: '403',
          code: 'DEPENDENT_CONSENT_REQUIRED',
          title,
          detail: `User hasn't approved the following scopes: ${scopes.join(' ')}`,
          unapproved_scopes: scopes,
        },
      ],
    },
    `no consent for ${scopes.join(' ')}; send the user through authorize with the scope that depends on it`,
  )
}
