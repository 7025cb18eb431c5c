import type { FastifyRequest } from 'fastify'
import { ServiceError } from '../errors.ts'

/**
 * Refuses what a web page of another origin has its visitor's browser send: the browser says where it comes from,
 * and the page can neither hide nor change it.
 *
 * @throws ServiceError 403
 */
export async function refuseForeignOrigin({ headers }: FastifyRequest): Promise<void> {
  const { origin } = headers
  if (origin !== undefined && origin !== `http://${headers.host}`) {
    throw new ServiceError(403, { error: 'forbidden_origin' }, `requests from ${origin} are not taken here`)
  }
}
