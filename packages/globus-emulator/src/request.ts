import { isIPv4 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { ServiceError } from './errors.ts'

/** A form with single values. */
export type Form = Record<string, string | undefined>

/** The fields of a form that are single strings: a repeated one counts as missing (RFC 6749 section 3.2). */
export function formOf(body: unknown): Form {
  return Object.fromEntries(Object.entries(body ?? {}).filter(([, value]) => typeof value === 'string'))
}

/** Whether a query parameter is `true`, in the spelling of JavaScript or Python. */
export function isTrue(parameter: string | undefined): boolean {
  return parameter?.toLowerCase() === 'true'
}

/** The values of a query parameter that is a list with commas, or repeated; `undefined` if it is absent. */
export function commaList(parameter: string | string[] | undefined): string[] | undefined {
  return parameter === undefined ? undefined : [parameter].flat().flatMap((text) => text.split(','))
}

/** The token of an `Authorization: Bearer …` header (RFC 6750 section 2.1). */
export function bearerToken({ headers }: FastifyRequest): string | undefined {
  return /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

/** The address of the emulator, by the name that the sender uses. */
export function baseUrl({ host }: FastifyRequest): string {
  return `http://${host}`
}

/**
 * Whether a host name or address is the loopback interface. The emulator needs no other package of this
 * repository, so the rule is its own.
 */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'))
}

/**
 * Refuses requests that a web page of another origin makes the browser send. The browser names the origin,
 * and the page cannot change that.
 *
 * @throws ServiceError 403
 */
export async function refuseForeignOrigin(request: FastifyRequest): Promise<void> {
  const { origin } = request.headers
  if (origin !== undefined && origin !== baseUrl(request)) {
    throw new ServiceError(403, { error: 'forbidden_origin' }, `requests from ${origin} are not allowed here`)
  }
}
