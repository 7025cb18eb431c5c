import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify'
import { BadActionRequest, PayloadTooLarge } from '../errors.ts'
import { type CheckThreads, createCheckThreads } from '../input/check-threads.ts'
import type { CheckedInput } from '../input/input-schema.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'
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

/** The error for a body over the limit. */
export function tooLarge(): PayloadTooLarge {
  return new PayloadTooLarge(
    'The body is larger than this provider takes: send less, or a reference to the data',
  )
}

/** Checks the body of a request. */
export type InputCheck = (
  body: unknown,
  caller: string,
) => CheckedInput<unknown> | Promise<CheckedInput<unknown>>

/**
 * The check of a provider's input: at once, or in the application's threads if even a small body may take
 * long.
 */
export function inputCheck(
  app: FastifyInstance,
  { input, showInputInErrors: showInput }: ActionProvider,
): InputCheck {
  if (!input.mayTakeLong) return (body) => input.validate(body, { showInput })
  const check = threadsOf(app).checkOf(input.json_schema)
  return (body, caller) => check(body, { caller, showInput })
}

/** The threads of an application, which all its providers share. */
const threads = new WeakMap<object, CheckThreads>()

function threadsOf(app: FastifyInstance): CheckThreads {
  const known = threads.get(app.server)
  if (known) return known
  const created = createCheckThreads()
  threads.set(app.server, created)
  app.addHook('onClose', () => created.close())
  return created
}
