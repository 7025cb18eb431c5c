import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { apiError } from '../errors.ts'
import { issueCode } from '../oauth/authorization-code.ts'
import {
  type AuthorizationRequest,
  RefusedRequest,
  readAuthorizationRequest,
  UnsafeRequest,
  withParameters,
} from '../oauth/authorization-request.ts'
import { codePage } from '../oauth/redirect-uri.ts'
import { codePageFor } from '../pages/code.ts'
import { consentPage } from '../pages/consent.ts'
import { consentsPage } from '../pages/consents.ts'
import { homePage } from '../pages/home.ts'
import { loginPage } from '../pages/login.ts'
import { messagePage } from '../pages/message.ts'
import { pageHeaders } from '../pages/page.ts'
import { baseUrl, type Service } from '../service.ts'
import { missingConsents, rescindConsent } from '../state/consents.ts'
import { users } from '../state/identities.ts'
import type { Identity, Session, State } from '../state/state.ts'
import { refuseForeignOrigin } from './origin.ts'
import { currentSession, logIn, logOut } from './session.ts'

type Form = Record<string, string | undefined>

/** What people's browsers meet: authorization, login, consent. */
export async function webRoutes(app: FastifyInstance, { state }: Service): Promise<void> {
  app.addHook('onRequest', refuseForeignOrigin)

  app.get('/', async (request, reply) => show(reply, homePage(state, baseUrl(request))))

  app.get('/v2/oauth2/authorize', { config: { endpoint: () => 'authorize' } }, async (request, reply) => {
    const query = request.url.replace(/^[^?]*\??/, '')
    const read = readOrRefuse(state, request, reply, query)
    return read ? authorize(request, reply, read, query) : reply
  })

  app.post<{ Body: Form }>('/v2/web/consent', async (request, reply) => {
    const query = request.body?.request ?? ''
    const read = readOrRefuse(state, request, reply, query)
    if (!read) return reply
    const session = currentSession(state, request)
    // Whoever logged in since the page was shown has not seen it.
    if (!session || session.identity !== request.body?.identity || !suits(state, session, read))
      return reply.redirect(`/v2/oauth2/authorize?${query}`, 303)
    if (request.body?.decision !== 'allow')
      return refuse(reply, read, 'access_denied', 'the user denied consent')
    return sendCode(reply, read, session, request.body.label ?? '')
  })

  /** Logs in whom the request asks for, asks for the consents that are missing, and sends the code. */
  async function authorize(
    request: FastifyRequest,
    reply: FastifyReply,
    read: AuthorizationRequest,
    query: string,
  ): Promise<FastifyReply> {
    const silent = read.prompt.has('none')
    const session = currentSession(state, request)
    if (!session || read.prompt.has('login') || !suits(state, session, read)) {
      if (silent) return refuse(reply, read, 'login_required', 'nobody who suits is logged in')
      const suitable = users(state).filter((user) => suits(state, { identity: user.id }, read))
      return show(reply, loginPage(suitable, `/v2/oauth2/authorize?${withoutLoginPrompt(query)}`, read))
    }
    const missing = missingConsents(
      state,
      { identity: session.identity, client: read.client.id, offline: read.offline },
      read.scopes,
    )
    const asked = read.prompt.has('consent') ? read.scopes : missing
    const user = state.identities.get(session.identity)
    if (asked.length === 0 || !user) return sendCode(reply, read, session, '')
    if (silent) return refuse(reply, read, 'consent_required', 'the user has not consented to every scope')
    return show(reply, consentPage(read, asked, user, query))
  }

  function sendCode(
    reply: FastifyReply,
    read: AuthorizationRequest,
    session: Session,
    label: string,
  ): FastifyReply {
    const code = issueCode(state, read, session, label)
    return reply.redirect(withParameters(read.redirectUri, { code, state: read.state }), 303)
  }

  app.post<{ Body: Form }>('/v2/web/login', async (request, reply) => {
    const identity = users(state).find(({ id }) => id === request.body?.identity)
    if (!identity) throw apiError(400, 'BAD_REQUEST', 'The form names no user')
    logIn(state, request, reply, identity)
    const destination = request.body?.destination ?? ''
    // A path of ours only: `//elsewhere` and `/\elsewhere` are addresses of other hosts to a browser.
    return reply.redirect(/^\/v2\//.test(destination) ? destination : '/', 303)
  })

  app.route<{ Querystring: Form }>({
    method: ['GET', 'POST'],
    url: '/v2/web/logout',
    handler: async (request, reply) => {
      logOut(state, request, reply)
      return show(
        reply,
        messagePage('Logged out', 'Nobody is logged in at this browser now.', onward(request.query)),
      )
    },
  })

  app.get<{ Querystring: Form }>(codePage, async ({ query }, reply) => {
    const { code, error, error_description } = query
    if (code !== undefined) return show(reply, codePageFor(code))
    return show(
      reply,
      messagePage(
        'No authorization',
        `${error_description ?? 'There is no code'} (${error ?? 'invalid_request'}).`,
      ),
    )
  })

  app.get('/v2/web/consents', async (request, reply) => {
    const user = loggedIn(request)
    if (!user) return show(reply, loginPage(users(state), '/v2/web/consents'))
    return show(reply, consentsPage(state, user))
  })

  app.post<{ Body: Form }>('/v2/web/consents/rescind', async (request, reply) => {
    const user = loggedIn(request)
    const consent = state.consents.get(Number(request.body?.consent))
    if (user && consent?.identity === user.id) rescindConsent(state, consent)
    return reply.redirect('/v2/web/consents', 303)
  })

  function loggedIn(request: FastifyRequest): Identity | undefined {
    return state.identities.get(currentSession(state, request)?.identity ?? '')
  }
}

/** The request, or nothing when an answer that refuses it is on its way. */
function readOrRefuse(
  state: State,
  request: FastifyRequest,
  reply: FastifyReply,
  query: string,
): AuthorizationRequest | undefined {
  try {
    return readAuthorizationRequest(state, new URLSearchParams(query), baseUrl(request))
  } catch (error) {
    if (error instanceof RefusedRequest) reply.redirect(error.location, 303)
    else if (error instanceof UnsafeRequest)
      show(reply.code(400), messagePage('The request cannot be followed', error.message))
    else throw error
    return undefined
  }
}

function refuse(
  reply: FastifyReply,
  read: AuthorizationRequest,
  error: string,
  description: string,
): FastifyReply {
  return reply.redirect(
    withParameters(read.redirectUri, { error, error_description: description, state: read.state }),
    303,
  )
}

/** Whether somebody is one of those whom the request requires. */
function suits(
  state: State,
  { identity }: Pick<Session, 'identity'>,
  { session }: AuthorizationRequest,
): boolean {
  const username = state.identities.get(identity)?.username ?? ''
  const { identities, domains } = session
  return (
    (identities.length === 0 || identities.includes(identity) || identities.includes(username)) &&
    (domains.length === 0 || domains.includes(username.replace(/.*@/, '')))
  )
}

/** After the login that it asked for, the same request must not ask for another. */
function withoutLoginPrompt(query: string): string {
  const parameters = new URLSearchParams(query)
  const rest = (parameters.get('prompt') ?? '').split(' ').filter((word) => word !== 'login')
  if (rest.join('')) parameters.set('prompt', rest.join(' '))
  else parameters.delete('prompt')
  return parameters.toString()
}

/** Where the application that logged somebody out would like them to go on to. */
function onward({ redirect_uri, redirect_name }: Form): { address: string; name: string } | undefined {
  const address = URL.parse(redirect_uri ?? '')
  if (!address || !['http:', 'https:'].includes(address.protocol)) return undefined
  return { address: address.href, name: redirect_name ?? address.host }
}

function show(reply: FastifyReply, page: string): FastifyReply {
  return reply.headers(pageHeaders).send(page)
}
