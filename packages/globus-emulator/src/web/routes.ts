import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { badRequest } from '../errors.ts'
import {
  type AuthorizationRequest,
  authCodePage,
  RefusedRequest,
  readAuthorizationRequest,
  UnsafeRequest,
  withParameters,
} from '../oauth/authorization.ts'
import { issueCode } from '../oauth/grants.ts'
import { baseUrl, type Form, formOf, refuseForeignOrigin } from '../request.ts'
import type { Service } from '../service.ts'
import { missingConsents, rescindConsent } from '../state/consents.ts'
import { users } from '../state/identities.ts'
import type { Identity, Session, State } from '../state/state.ts'
import { pageHeaders } from './page.ts'
import { codePage, consentPage, consentsPage, homePage, loginPage, messagePage } from './pages.ts'
import { currentSession, logIn, logOut } from './session.ts'

/** The pages for browsers: authorization, login, consents. */
export async function webRoutes(app: FastifyInstance, { state }: Service): Promise<void> {
  app.addHook('onRequest', refuseForeignOrigin)

  app.get('/', async (request, reply) => show(reply, homePage(state, baseUrl(request))))

  app.get('/v2/oauth2/authorize', { config: { endpoint: () => 'authorize' } }, async (request, reply) => {
    const query = request.url.replace(/^[^?]*\??/, '')
    const read = readOrRefuse(state, request, reply, query)
    return read ? authorize(request, reply, read, query) : reply
  })

  app.post('/v2/web/consent', async (request, reply) => {
    const form = formOf(request.body)
    // The text of a form may hold line ends, which no header may.
    const query = new URLSearchParams(form.request).toString()
    const read = readOrRefuse(state, request, reply, query)
    if (!read) return reply
    const session = currentSession(state, request)
    // Somebody else may have logged in since the page was shown.
    if (!session || session.identity !== form.identity || !suits(state, session, read))
      return reply.redirect(`/v2/oauth2/authorize?${query}`, 303)
    if (form.decision !== 'allow') return refuse(reply, read, 'access_denied', 'the user denied consent')
    return sendCode(reply, read, session, form.label ?? '')
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

  app.post('/v2/web/login', async (request, reply) => {
    const form = formOf(request.body)
    const identity = users(state).find(({ id }) => id === form.identity)
    if (!identity) throw badRequest('The form names no user')
    logIn(state, request, reply, identity)
    return reply.redirect(ownPath(form.destination, baseUrl(request)), 303)
  })

  app.route({
    method: ['GET', 'POST'],
    url: '/v2/web/logout',
    handler: async (request, reply) => {
      logOut(state, request, reply)
      return show(
        reply,
        messagePage('Logged out', 'Nobody is logged in at this browser now.', onward(formOf(request.query))),
      )
    },
  })

  app.get(authCodePage, async ({ query }, reply) => {
    const { code, error, error_description } = formOf(query)
    if (code !== undefined) return show(reply, codePage(code))
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

  app.post('/v2/web/consents/rescind', async (request, reply) => {
    const user = loggedIn(request)
    const consent = state.consents.get(Number(formOf(request.body).consent))
    if (user && consent?.identity === user.id) rescindConsent(state, consent)
    return reply.redirect('/v2/web/consents', 303)
  })

  function loggedIn(request: FastifyRequest): Identity | undefined {
    return state.identities.get(currentSession(state, request)?.identity ?? '')
  }
}

/** The authorization request, or nothing if the reply already refuses it. */
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

/** Whether the request allows this user to log in. */
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

/** The path of an address below the emulator's own `/v2/`, and `/` for any other address. */
function ownPath(address = '', base: string): string {
  const url = URL.parse(address, base)
  return url?.origin === new URL(base).origin && url.pathname.startsWith('/v2/')
    ? url.pathname + url.search
    : '/'
}

/** The request without `prompt=login`: once the user has logged in, it must not ask again. */
function withoutLoginPrompt(query: string): string {
  const parameters = new URLSearchParams(query)
  const rest = (parameters.get('prompt') ?? '').split(' ').filter((word) => word !== 'login')
  if (rest.join('')) parameters.set('prompt', rest.join(' '))
  else parameters.delete('prompt')
  return parameters.toString()
}

/** Where the application that logs somebody out sends them then. */
function onward({ redirect_uri, redirect_name }: Form): { address: string; name: string } | undefined {
  const address = URL.parse(redirect_uri ?? '')
  if (!address || !['http:', 'https:'].includes(address.protocol)) return undefined
  return { address: address.href, name: redirect_name ?? address.host }
}

function show(reply: FastifyReply, page: string): FastifyReply {
  return reply.headers(pageHeaders).send(page)
}
