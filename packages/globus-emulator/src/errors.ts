import { randomUUID } from 'node:crypto'

/** A request that fails, with the document that Globus answers then. */
export class ServiceError extends Error {
  readonly status: number
  readonly body: unknown
  readonly headers: Record<string, string>

  /** @param reason what went wrong, for the log and a header: the documents of Globus say little */
  constructor(status: number, body: unknown, reason: string, headers: Record<string, string> = {}) {
    super(reason)
    this.name = 'ServiceError'
    this.status = status
    this.body = body
    this.headers = headers
  }
}

type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'

/** An error of an OAuth endpoint: `{"error": "invalid_grant"}` (RFC 6749 section 5.2). */
export function oauthError(error: OAuthErrorCode, reason: string, status = 400): ServiceError {
  return new ServiceError(status, { error }, reason)
}

/** The client did not authenticate. */
export function invalidClient(reason: string): ServiceError {
  return new ServiceError(401, { error: 'invalid_client' }, reason, {
    'www-authenticate': 'Basic realm="Globus Auth"',
  })
}

/** The user has not consented to the scope of a dependent token. */
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

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** The document for an error of an API endpoint of Globus Auth. */
export function errorDocument(status: number, code: string, detail: string): object {
  const title = titles[status] ?? 'Error'
  return {
    errors: [{ id: randomUUID(), status: String(status), code, title, detail }],
    error: title.toLowerCase().replaceAll(' ', '_'),
    error_description: title,
  }
}

/** An error of an API endpoint: `{"errors": [{"code": …, "title": …, "detail": …, "status": …}], …}`. */
export function apiError(status: number, code: string, detail: string): ServiceError {
  const headers = status === 401 ? { 'www-authenticate': 'Bearer realm="Globus Auth"' } : {}
  return new ServiceError(status, errorDocument(status, code, detail), detail, headers)
}

export function badRequest(problem: string): ServiceError {
  return apiError(400, 'BAD_REQUEST', problem)
}

export function notFound(problem: string): ServiceError {
  return apiError(404, 'NOT_FOUND', problem)
}

export function forbidden(problem: string): ServiceError {
  return apiError(403, 'FORBIDDEN', problem)
}
