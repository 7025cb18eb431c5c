import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { checker } from '../check.ts'
import { ServiceError } from '../errors.ts'
import { noRequests } from '../faults.ts'
import { refuseForeignOrigin } from '../request.ts'
import { type Service, version } from '../service.ts'
import { consentsOf, grantConsent, rescindConsent } from '../state/consents.ts'
import { findIdentity, identitySet, users } from '../state/identities.ts'
import { registerClient } from '../state/registration.ts'
import { formatScopes, parseScopes } from '../state/scope-grammar.ts'
import { expandScopes, resolveScopes } from '../state/scopes.ts'
import { commandLineClient } from '../state/services.ts'
import { type Client, type Consent, type Identity, type State, seconds } from '../state/state.ts'
import { issueTokens, revokeToken, type TokenDocument } from '../state/tokens.ts'
import {
  type Administration,
  type ConsentOrder,
  type ConsentQuery,
  operations,
  type TokenOrder,
  type User,
} from './administration.ts'

type Operation = (argument: unknown) => Promise<unknown>

const checked = Object.entries(operations).map(
  ([name, schema]) => [name, checker(schema, (problem) => new Error(`${name}: ${problem}`))] as const,
)

/**
 * The administration of an emulator in this process. Each operation checks its argument.
 *
 * @throws Error that names the operation, and the field that is wrong
 */
export function administer(service: Service): Administration {
  const implementation = implement(service)
  const entries = checked.map(([name, check]): [string, Operation] => {
    const operation = implementation[name as keyof Administration] as Operation
    return [name, async (argument = {}) => operation(check(argument))]
  })
  return Object.fromEntries(entries) as Administration
}

/** The administration over HTTP: `POST /emulator/<operation>` with its argument as JSON. */
export async function administrationRoutes(app: FastifyInstance, service: Service): Promise<void> {
  app.addHook('onRequest', refuseForeignOrigin)

  app.get('/emulator', async () => ({ emulator: 'globus', version }))

  for (const [name, operation] of Object.entries(administer(service)) as [string, Operation][]) {
    app.post(`/emulator/${name}`, async ({ body }, reply) => {
      try {
        return reply.type('application/json').send(JSON.stringify((await operation(body ?? {})) ?? null))
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        throw new ServiceError(400, { error: reason }, reason)
      }
    })
  }
}

function implement({ state, settings, faults, save }: Service): Administration {
  const issue = async (order: TokenOrder): Promise<TokenDocument[]> => {
    const client = clientOf(state, order.client_id)
    const tokens = issueTokens(state, {
      client,
      identity: identityOf(state, order.username).id,
      consents: grant(state, order),
      lifetime: order.expires_in ?? settings.tokenLifetime,
      offline: order.access_type === 'offline',
      login: { id: randomUUID(), auth_time: seconds() },
    })
    await save()
    return tokens
  }

  return {
    async register(registration) {
      const registered = registerClient(state, registration)
      await save()
      return registered
    },
    async users() {
      return users(state).map((identity) => userDocument(state, identity))
    },
    async groups() {
      return [...state.groups.values()].map(({ id, name, memberships }) => ({
        name,
        id,
        urn: `urn:globus:groups:id:${id}`,
        members: memberships.map(({ identity, role, status }) => ({
          username: state.identities.get(identity)?.username ?? identity,
          role,
          status,
        })),
      }))
    },
    async issueToken(order) {
      const [first] = await issue(order)
      if (!first) throw new Error('name at least one scope')
      return first.access_token
    },
    issueTokens: issue,
    async revoke({ token }) {
      revokeToken(state, token)
      await save()
    },
    async expire({ username }) {
      const owner = username === undefined ? undefined : identityOf(state, username)
      for (const token of state.tokens.values()) {
        if (token.kind === 'access' && (!owner || token.identity === owner.id)) token.expires_at = seconds()
      }
      await save()
    },
    async consent(order) {
      grant(state, order)
      await save()
    },
    async consents(query) {
      return matching(state, query).map((consent) => ({
        id: consent.id,
        client: consent.client,
        scope: scopeOf(state, consent),
        path: consent.path.map((id) => scopeOf(state, state.consents.get(id))),
        atomically_revocable: consent.atomically_revocable,
      }))
    },
    async rescind(query) {
      for (const consent of matching(state, query)) {
        if (state.consents.has(consent.id)) rescindConsent(state, consent)
      }
      await save()
    },
    async setFault(fault) {
      faults.active.push({ ...fault })
    },
    async clearFaults({ endpoint } = {}) {
      faults.active = faults.active.filter((fault) => endpoint !== undefined && fault.endpoint !== endpoint)
    },
    async faults() {
      return structuredClone(faults.active)
    },
    async requests() {
      return { ...faults.requests }
    },
    async setTokenLifetime(lifetime) {
      settings.tokenLifetime = lifetime.seconds
    },
    async reset() {
      for (const records of [state.tokens, state.consents, state.codes, state.sessions]) records.clear()
      faults.active = []
      faults.requests = noRequests()
      await save()
    },
  }
}

function userDocument(state: State, identity: Identity): User {
  return {
    username: identity.username,
    short_name: identity.username.replace(/@.*/, ''),
    name: identity.name ?? identity.username,
    id: identity.id,
    urn: `urn:globus:auth:identity:${identity.id}`,
    email: identity.email,
    identity_set: identitySet(state, identity).map(({ id }) => id),
  }
}

function grant(state: State, order: ConsentOrder & Partial<TokenOrder>): Consent[] {
  const scopes = resolveScopes(state, parseScopes([order.scope].flat().join(' ')))
  return grantConsent(state, {
    identity: identityOf(state, order.username).id,
    client: clientOf(state, order.client_id).id,
    scopes: order.consents === false ? scopes : expandScopes(state, scopes),
    offline: order.access_type === 'offline',
  })
}

function matching(state: State, { username, scope, client_id }: ConsentQuery): Consent[] {
  const [wanted] = scope === undefined ? [] : parseScopes(scope)
  return consentsOf(state, identityOf(state, username)).filter(
    (consent) =>
      (client_id === undefined || consent.client === client_id) &&
      (wanted === undefined || scopeOf(state, consent) === formatScopes([{ ...wanted, dependents: [] }])),
  )
}

function scopeOf(state: State, consent: Consent | undefined): string {
  return state.scopes.get(consent?.scope ?? '')?.scope_string ?? ''
}

function identityOf(state: State, username: string): Identity {
  const identity = findIdentity(state, username)
  if (!identity) throw new Error(`no user is called ${username}; users() lists them`)
  return identity
}

function clientOf(state: State, id = commandLineClient): Client {
  const client = state.clients.get(id)
  if (!client) throw new Error(`no client has the id ${id}; register() makes one`)
  return client
}
