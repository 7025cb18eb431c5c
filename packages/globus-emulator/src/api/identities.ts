import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { badRequest, forbidden, notFound } from '../errors.ts'
import { commaList, isTrue } from '../request.ts'
import type { Service } from '../service.ts'
import { consentsOf, rescindConsent } from '../state/consents.ts'
import { addIdentity, findIdentity, identityProviders } from '../state/identities.ts'
import type { Consent, Identity, State } from '../state/state.ts'
import { type Caller, callerOf } from './caller.ts'

type ById = { Params: { id: string } }
type Query = { usernames?: string | string[]; ids?: string | string[]; provision?: string; include?: string }

/** Identities, their providers, and their consents. */
export async function identityRoutes(app: FastifyInstance, { state }: Service): Promise<void> {
  const config = { endpoint: () => 'api' as const }

  app.get<{ Querystring: Query }>('/v2/api/identities', { config }, async (request) => {
    callerOf(state, request)
    const ids = commaList(request.query.ids)
    const usernames = commaList(request.query.usernames)
    if ((ids === undefined) === (usernames === undefined)) {
      throw badRequest('Give either ids or usernames')
    }
    const provision = isTrue(request.query.provision)
    const found = [
      ...(ids ?? []).map((id) => state.identities.get(id.toLowerCase())),
      ...(usernames ?? []).map(
        (name) => findIdentity(state, name) ?? (provision ? provisioned(name) : undefined),
      ),
    ].filter((identity) => identity !== undefined)
    return { identities: found.map(identityDocument), ...included(request.query.include, found) }
  })

  app.get<ById & { Querystring: Query }>('/v2/api/identities/:id', { config }, async (request) => {
    callerOf(state, request)
    const identity = known(request.params.id)
    return { identity: identityDocument(identity), ...included(request.query.include, [identity]) }
  })

  app.get<{ Querystring: { ids?: string; domains?: string } }>(
    '/v2/api/identity_providers',
    { config },
    async (request) => {
      callerOf(state, request)
      const ids = commaList(request.query.ids)
      const domains = commaList(request.query.domains)
      if ((ids === undefined) === (domains === undefined)) throw badRequest('Give either ids or domains')
      const wanted = identityProviders(state).filter(
        (provider) =>
          ids?.includes(provider.id) || domains?.some((domain) => provider.domains.includes(domain)),
      )
      return { identity_providers: wanted }
    },
  )

  app.get<ById & { Querystring: { all?: string } }>(
    '/v2/api/identities/:id/consents',
    { config },
    async (request) => {
      const all = isTrue(request.query.all)
      const caller = callerOf(state, request, all ? ['view_consents', 'manage_consents'] : [])
      const consents = consentsOf(state, themselves(request, caller))
      const own = consents.filter(
        ({ path }) => all || state.consents.get(path[0] ?? 0)?.client === caller.client.id,
      )
      return { consents: own.map((consent) => consentDocument(state, consent)) }
    },
  )

  app.delete<{ Params: { id: string; consent: string } }>(
    '/v2/api/identities/:id/consents/:consent',
    { config },
    async (request) => {
      const identity = themselves(request, callerOf(state, request, ['manage_consents']))
      const consent = state.consents.get(Number(request.params.consent))
      if (consent?.identity !== identity.id) throw notFound('No such consent')
      rescindConsent(state, consent)
      return { consent: consentDocument(state, consent) }
    },
  )

  function themselves(request: FastifyRequest<ById>, caller: Caller): Identity {
    const identity = known(request.params.id)
    if (!caller.identities.includes(identity.id)) throw forbidden('These are the consents of others')
    return identity
  }

  function known(id: string): Identity {
    const identity = state.identities.get(id.toLowerCase())
    if (!identity) throw notFound('No such identity')
    return identity
  }

  /** Adds an identity for somebody who has not logged in yet. */
  function provisioned(username: string): Identity | undefined {
    if (!/^[^@\s]+@[^@\s]+$/.test(username)) return undefined
    return addIdentity(state, { id: randomUUID(), username, status: 'unused' })
  }

  function included(include: string | undefined, identities: Identity[]): object {
    if (!commaList(include)?.includes('identity_provider')) return {}
    const ids = identities.map(({ identity_provider }) => identity_provider)
    return { included: { identity_providers: identityProviders(state).filter(({ id }) => ids.includes(id)) } }
  }
}

export function identityDocument(identity: Identity): object {
  const { account: _, ...document } = identity
  return document
}

function consentDocument(state: State, consent: Consent): object {
  const { path, identity, label: _, ...document } = consent
  return {
    ...document,
    dependency_path: path,
    effective_identity: identity,
    scope_name: state.scopes.get(consent.scope)?.scope_string,
    status: 'approved',
  }
}
