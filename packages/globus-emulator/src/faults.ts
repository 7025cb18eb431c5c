import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { type Endpoint, endpoints } from './endpoints.ts'
import { errorDocument } from './errors.ts'

/** Trouble on demand. What is given is combined: a latency alone delays the right answer. */
export type Fault = {
  endpoint: Endpoint | '*'
  /** Milliseconds before the answer. */
  latency?: number
  /** An error of this HTTP status instead of the answer. */
  status?: number
  /** Seconds for a `Retry-After` header. */
  retry_after?: number
  /** `garbage`: bytes that are no JSON; `cut`: the connection ends in the middle of the answer. */
  body?: 'garbage' | 'cut'
  /** How many requests it hits; without it, all until it is cleared. */
  count?: number
}

/** The faults that are set, and how often each endpoint was asked. */
export type Faults = { active: Fault[]; requests: Record<Endpoint, number> }

export function noFaults(): Faults {
  return { active: [], requests: noRequests() }
}

export function noRequests(): Record<Endpoint, number> {
  return Object.fromEntries(endpoints.map((endpoint) => [endpoint, 0])) as Record<Endpoint, number>
}

/** Counts a request, and takes the first fault that is set for it. */
export function nextFault(faults: Faults, endpoint: Endpoint): Fault | undefined {
  faults.requests[endpoint] += 1
  const fault = faults.active.find((other) => other.endpoint === endpoint || other.endpoint === '*')
  if (fault?.count !== undefined) {
    fault.count -= 1
    if (fault.count <= 0) faults.active.splice(faults.active.indexOf(fault), 1)
  }
  return fault
}

/** Does what the fault says. Sends the answer, unless the fault only delays it. */
export async function strike(fault: Fault, reply: FastifyReply): Promise<void> {
  if (fault.latency) await setTimeout(fault.latency, undefined, { ref: false })
  if (fault.retry_after !== undefined) reply.header('retry-after', String(fault.retry_after))
  if (fault.body === 'cut') cutOff(fault, reply)
  else if (fault.body === 'garbage') {
    await reply
      .code(fault.status ?? 200)
      .type('application/json')
      .send(randomBytes(200))
  } else if (fault.status !== undefined)
    await reply.code(fault.status).send(errorDocument(fault.status, 'FAULT', 'A fault set on this emulator'))
}

function cutOff(fault: Fault, reply: FastifyReply): void {
  reply.hijack()
  reply.raw.writeHead(fault.status ?? 200, { 'content-type': 'application/json', 'content-length': '1000' })
  reply.raw.write('{"access_token": "', () => reply.raw.destroy())
}
