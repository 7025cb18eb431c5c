import type { FastifyRequest } from 'fastify'
import { invalidClient } from '../errors.ts'
import { bearerToken, type Form } from '../request.ts'
import { hasSecret, isPublic } from '../state/clients.ts'
import type { Client, State } from '../state/state.ts'
import { findToken, type LiveToken } from '../state/tokens.ts'

/**
 * The confidential client that sent the request, by HTTP Basic or by `client_id` and `client_secret` in the
 * form (RFC 6749 section 2.3.1).
 *
 * @throws ServiceError 401 `invalid_client`
 */
export function authenticateClient(state: State, authorization: string | undefined, form: Form): Client {
  const [id, secret] = readBasic(authorization) ?? [form.client_id, form.client_secret]
  if (id === undefined || secret === undefined)
    throw invalidClient('the request carries no client id and secret')
  const client = state.clients.get(decoded(id))
  if (!client) throw invalidClient(`no client has the id ${id}`)
  // The SDKs of Globus send secrets as they are; others form-encode them, as the RFC asks.
  if (!hasSecret(state, client, secret) && !hasSecret(state, client, decoded(secret))) {
    throw invalidClient(`wrong secret for the client ${client.id}`)
  }
  return client
}

/**
 * The client that sent the request: a public one by its `client_id` alone, any other by its secret.
 *
 * @throws ServiceError 401 `invalid_client`
 */
export function identifyClient(state: State, authorization: string | undefined, form: Form): Client {
  if (authorization === undefined && form.client_secret === undefined && form.client_id !== undefined) {
    const client = state.clients.get(form.client_id)
    if (client && isPublic(client)) return client
  }
  return authenticateClient(state, authorization, form)
}

/** The bearer token of a request, if it is valid. */
export function bearerOf(state: State, request: FastifyRequest): LiveToken | undefined {
  const text = bearerToken(request)
  return text === undefined ? undefined : findToken(state, text, 'access')
}

/** Whether a token carries any of these scopes. */
export function carries(token: LiveToken, scopes: readonly string[]): boolean {
  return token.grants.some(({ scopeRecord }) => scopes.includes(scopeRecord.scope_string))
}

function readBasic(authorization: string | undefined): [string, string] | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
