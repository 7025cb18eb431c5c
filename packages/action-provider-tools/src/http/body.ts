import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify'
import { BadActionRequest, PayloadTooLarge } from '../errors.ts'
import { loadOf } from './load.ts'

type Done = (error: Error | null, body?: Buffer) => void

/**
 * Reads whole bodies up to a limit, whatever their content type says. While a body arrives, however slowly,
 * its request holds no place.
 */
export function readBodies(app: FastifyInstance, limit: number): void {
  const load = loadOf(app)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request: FastifyRequest, payload, done: Done): void => {
    if (Number(request.headers['content-length']) > limit) {
      done(tooLarge())
      return
    }
    const chunks: Buffer[] = []
    let size = 0
    const end = (error: Error | null, body?: Buffer): void => {
      payload.off('data', add).off('end', complete).off('error', cut)
      done(error, body)
    }
    const orRefuse = (step: () => void): void => {
      try {
        step()
      } catch (error) {
        end(error as Error)
      }
    }
    const add = (chunk: Buffer): void =>
      orRefuse(() => {
        size += chunk.length
        if (size > limit) throw tooLarge()
        load?.hold(request, chunk.length)
        chunks.push(chunk)
      })
    const complete = (): void =>
      orRefuse(() => {
        load?.takeUp(request)
        end(null, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size))
      })
    const cut = (): void => end(new BadActionRequest('The request ended before its body was complete'))
    load?.putAside(request)
    payload.on('data', add).on('end', complete).on('error', cut)
  })
}

/** Removes the content type, since Fastify would refuse a malformed one before it calls the parser. */
export const ignoreContentType: preParsingHookHandler = (request, _reply, payload, done) => {
  delete request.headers['content-type']
  done(null, payload)
}

/** The refusal of a body that is larger than the limit. */
export function tooLarge(): PayloadTooLarge {
  return new PayloadTooLarge(
    'The body is larger than this provider takes: send less, or a reference to the data',
  )
}
