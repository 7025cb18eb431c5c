import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { errorDocument } from './errors.ts'

/** The endpoints that are counted and can have faults. Each grant of the token endpoint counts separately. */
const endpoints = [
  'introspect',
  'dependent_token',
  'client_credentials',
  'authorization_code',
  'refresh_token',
  'token',
  'revoke',
  'authorize',
  'userinfo',
  'discovery',
  'groups',
  'api',
] as const

export type Endpoint = (typeof endpoints)[number]

/** Endpoints that change nothing: the state need not be saved after them. */
export const readingEndpoints: ReadonlySet<Endpoint | undefined> = new Set<Endpoint>([
  'introspect',
  'userinfo',
  'discovery',
  'groups',
])

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which endpoint a request to this route counts as. */
    endpoint?: (body: unknown) => Endpoint
  }
}

/** How an endpoint fails. The fields combine: with only a latency, the right answer is late. */
export const Fault = Type.Object(
  {
    endpoint: Type.Enum([...endpoints, '*']),
    /** Milliseconds to wait before the answer. */
    latency: Type.Optional(Type.Number({ minimum: 0 })),
    /** Answer with an error of this HTTP status. */
    status: Type.Optional(Type.Integer({ minimum: 200, maximum: 599 })),
    /** Add a `Retry-After` header of so many seconds. */
    retry_after: Type.Optional(Type.Number()),
    /**
     * `garbage`: answer with bytes that are not JSON; `cut`: end the connection in the middle of the answer.
     */
    body: Type.Optional(Type.Enum(['garbage', 'cut'])),
    /** How many requests fail; without it, all until the fault is cleared. */
    count: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
)

export type Fault = Static<typeof Fault>

/** The faults that are set, and how many requests each endpoint got. */
export type Faults = { active: Fault[]; requests: Record<Endpoint, number> }

export function noFaults(): Faults {
  return { active: [], requests: noRequests() }
}

export function noRequests(): Record<Endpoint, number> {
  return Object.fromEntries(endpoints.map((endpoint) => [endpoint, 0])) as Record<Endpoint, number>
}

/** Counts a request, and returns its first fault. */
export function nextFault(faults: Faults, endpoint: Endpoint): Fault | undefined {
  faults.requests[endpoint] += 1
  const fault = faults.active.find((other) => other.endpoint === endpoint || other.endpoint === '*')
  if (fault?.count !== undefined) {
    fault.count -= 1
    if (fault.count <= 0) faults.active.splice(faults.active.indexOf(fault), 1)
  }
  return fault
}

/** Lets the request fail as the fault says. Sends the answer, unless the fault only delays it. */
export async function strike(fault: Fault, reply: FastifyReply): Promise<void> {
  if (fault.latency) await setTimeout(fault.latency, undefined, { ref: false })
  if (fault.retry_after !== undefined) reply.header('retry-after', String(fault.retry_after))
  if (fault.body === 'cut') cutOff(fault, reply)
  else if (fault.body === 'garbage') {
    await reply
      .code(fault.status ?? 200)
      .type('application/json')
      .send(randomBytes(200))
  } else if (fault.status !== undefined) {
    await reply
      .code(fault.status)
      .send(errorDocument(fault.status, 'FAULT', 'A fault that was set on this emulator'))
  }
}

function cutOff(fault: Fault, reply: FastifyReply): void {
  reply.hijack()
  reply.raw.writeHead(fault.status ?? 200, { 'content-type': 'application/json', 'content-length': '1000' })
  reply.raw.write('{"access_token": "', () => reply.raw.destroy())
}
