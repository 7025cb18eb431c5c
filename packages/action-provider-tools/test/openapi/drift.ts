import { Ajv2020 } from 'ajv/dist/2020.js'
import type { FastifyInstance } from 'fastify'
import { isDuration } from '../../src/documents/duration.ts'
import { isTime } from '../../src/documents/time.ts'
import { openApiOf } from '../../src/http/openapi.ts'
import type { ActionProvider, Auth } from '../../src/index.ts'
import type { OpenApiDocument } from '../../src/openapi/openapi-document.ts'
import type { Operations } from '../../src/operations/operations.ts'

/** What was sent and what came, as far as a document tells of it. */
export type Exchange = { method: string; path: string; status: number; headers: Headers; text: string }

/** Throws where an answer is not what the OpenAPI document says. @param path relative to the provider's base URL */
export type DriftCheck = (exchange: Exchange) => void

/** The document of a provider that is served, without asking for it: tests count what is asked. */
export async function documentOf(
  app: FastifyInstance,
  provider: ActionProvider,
  auth: Auth,
): Promise<OpenApiDocument> {
  const { work, description } = provider
  const yes = (): never => {
    throw new Error('It is only said to be there')
  }
  const callbacks = work.kind === 'callbacks' ? work.callbacks : undefined
  const has = (name: 'resume' | 'log' | 'enumerate'): boolean =>
    callbacks ? callbacks[name] !== undefined : name !== 'log' || description.log_supported
  const operations = {
    ...(!callbacks && { ended: yes, follow: yes }),
    ...(has('resume') && { resume: yes }),
    ...(has('log') && { log: yes }),
    ...(has('enumerate') && { enumerate: yes }),
  } as unknown as Operations
  return JSON.parse(await openApiOf(app, provider, auth, operations)())
}

type Documented = {
  headers?: Record<string, { required?: boolean }>
  content?: Record<string, unknown>
}

/** Checks answers against a document: route, status, type, headers and content. */
export function driftCheck(document: OpenApiDocument): DriftCheck {
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: true,
    formats: { 'date-time': isTime, duration: isDuration },
    allErrors: true,
  })
  ajv.addSchema({ $id: 'openapi', ...document }, undefined, false, false)
  const fits = (pointer: string, json: unknown): void => {
    const validate = ajv.getSchema(`openapi#${pointer}`)
    if (validate === undefined) throw new Error(`The document has no ${pointer}`)
    if (!validate(json)) throw new Error(`${ajv.errorsText(validate.errors)} (${pointer})`)
  }
  // As the router has it: what is written out goes before what is not.
  const templates = Object.keys(document.paths).sort((a, b) => `${b}{`.indexOf('{') - `${a}{`.indexOf('{'))

  return ({ method, path, status, headers, text }) => {
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase()
    const plain = path.replace(/\?.*$/s, '').replace(/(?<=[^/])\/$/, '') || '/'
    const template = templates.find(
      (each) =>
        document.paths[each]?.[verb] !== undefined &&
        new RegExp(`^${each.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(plain),
    )
    const named = `${method} ${template ?? plain} answered ${status}`
    try {
      if (template === undefined) {
        if (status < 400) throw new Error('there is no such route')
        if (method !== 'HEAD') fits('/components/schemas/Error', JSON.parse(text))
        return
      }
      const responses = document.paths[template]?.[verb]?.responses as Record<string, Documented>
      const key = responses[status] === undefined ? 'default' : String(status)
      const response = responses[key]
      if (response === undefined) throw new Error('there is no such answer')
      for (const [name, { required }] of Object.entries(response.headers ?? {})) {
        if (required && !headers.has(name)) throw new Error(`the header ${name} is missing`)
      }
      if (method === 'HEAD') return
      if (response.content === undefined) {
        if (text !== '') throw new Error('there is a body')
        return
      }
      const type = headers.get('content-type')?.replace(/;.*/s, '') ?? ''
      const place = ['paths', template, verb, 'responses', key, 'content', type, 'schema']
      const isJson = type === 'application/json'
      fits(place.map((name) => `/${pointer(name)}`).join(''), isJson ? JSON.parse(text) : text)
    } catch (error) {
      throw new Error(`The OpenAPI document has drifted: ${named}, but ${(error as Error).message}`)
    }
  }
}

/** A name in the fragment of a URI (RFC 6901, section 6). */
function pointer(name: string): string {
  return encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))
}
