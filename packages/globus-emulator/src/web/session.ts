import { randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { digest, randomText } from '../state/secrets.ts'
import { type Identity, type Session, type State, seconds } from '../state/state.ts'

const cookieName = 'globus_emulator_session'

/** The login of this browser. */
export function currentSession(state: State, request: FastifyRequest): Session | undefined {
  const cookie = cookieOf(request)
  const session = cookie === undefined ? undefined : state.sessions.get(digest(cookie))
  return session && state.identities.has(session.identity) ? session : undefined
}

/** Logs somebody in at this browser. Another user who is logged in there is logged out. */
export function logIn(state: State, request: FastifyRequest, reply: FastifyReply, identity: Identity): void {
  logOut(state, request, reply)
  const cookie = randomText(43)
  state.sessions.set(digest(cookie), {
    id: randomUUID(),
    identity: identity.id,
    auth_time: seconds(),
  })
  // Lax: the application that sends the browser here is another site.
  reply.header('set-cookie', `${cookieName}=${cookie}; Path=/; HttpOnly; SameSite=Lax`)
}

export function logOut(state: State, request: FastifyRequest, reply: FastifyReply): void {
  const cookie = cookieOf(request)
  if (cookie !== undefined) state.sessions.delete(digest(cookie))
  reply.header('set-cookie', `${cookieName}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0`)
}

function cookieOf(request: FastifyRequest): string | undefined {
  return new RegExp(`(?:^|; )${cookieName}=([A-Za-z0-9]+)`).exec(request.headers.cookie ?? '')?.[1]
}
