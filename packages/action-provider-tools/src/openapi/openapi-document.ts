import { isPublic } from '../action/access.ts'
import { ActionRequest } from '../documents/action-request.ts'
import { ActionStatus } from '../documents/action-status.ts'
import { ActionLogPage } from '../documents/log-page.ts'
import { ProviderDescription } from '../documents/provider-description.ts'
import { ErrorDocument } from '../errors.ts'
import { parts, type SchemaObject } from '../input/schema-facts.ts'
import type { Operation } from '../provider/hooks.ts'
import { type ErrorStatus, errorAnswers } from './error-answers.ts'
import { inputComponents, type Schema } from './input-components.ts'
import {
  type Described,
  DOCUMENT,
  OPERATIONS,
  PREFER,
  PREFERENCE_APPLIED,
  PREFLIGHT,
  WAITING,
} from './operations.ts'

/** What an OpenAPI document is made from. */
export type Documented = {
  /** What introspect answers. */
  description: ProviderDescription
  /** The routes of each operation that the provider has, the preferred one first. */
  routes: Partial<Record<Operation, readonly (readonly [method: string, path: string])[]>>
  /** Scopes whose tokens are as good as those of the provider's own. */
  additionalScopes?: readonly string[]
  /** Where callers get their tokens. */
  authUrl?: string
  /** Whether there is a limit on what is taken on at once and from each caller. */
  limited?: boolean
  /** Whether answers may wait for the end of an action. */
  waits?: boolean
  /** Whether the author's own rules may give any error. */
  ownErrors?: boolean
  /** An input that the schema accepts. */
  exampleInput?: unknown
}

/** An OpenAPI document, as far as it must be known to use it. */
export type OpenApiDocument = {
  openapi: '3.1.0'
  paths: Record<string, Record<string, Record<string, unknown>>>
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, object> }
} & Record<string, unknown>

/**
 * The OpenAPI document of a provider: its routes and nothing that it does not have, from the schemas that its requests and
 * answers are checked with. Version 3.1.0 is the one that Globus Flows takes for its Registered APIs. Operations refer to
 * schemas alone, since Registered APIs keep no other components.
 *
 * @throws InvalidDefinition when the dialect of the input schema is not known
 */
export function openApiDocument(documented: Documented): OpenApiDocument {
  const { description, additionalScopes = [] } = documented
  const scopes = [description.globus_auth_scope, ...additionalScopes]
  return {
    openapi: '3.1.0',
    info: information(description),
    // Relative to the document: so it holds behind any proxy.
    servers: [{ url: '.', description: 'Where this document is' }],
    tags: [
      { name: 'Provider', description: 'What the provider is' },
      { name: 'Actions', description: 'What it does' },
    ],
    paths: pathsOf(documented, scopes),
    components: {
      schemas: schemasOf(documented),
      securitySchemes: { GlobusAuth: globusAuth(scopes, documented.authUrl) },
    },
  }
}

function information({
  title,
  subtitle,
  description,
  admin_contact,
  api_version,
}: ProviderDescription): object {
  const isEmail = /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(admin_contact)
  const isUrl = /^https?:\/\/\S+$/.test(admin_contact)
  return {
    title,
    ...(subtitle !== undefined && { summary: subtitle }),
    description: description ?? subtitle ?? `The Globus action provider ${title}`,
    version: api_version,
    contact: isEmail ? { email: admin_contact } : isUrl ? { url: admin_contact } : { name: admin_contact },
    // Nothing of the interface says under which terms a provider may be used (SPDX 2.3, annex D, for the reference).
    license: { name: 'Ask the contact', identifier: 'LicenseRef-ask-the-contact' },
  }
}

function globusAuth(scopes: readonly string[], authUrl = 'https://auth.globus.org/'): object {
  const at = (path: string): string => new URL(path, authUrl).href
  const described = Object.fromEntries(scopes.map((scope) => [scope, 'To use this provider']))
  return {
    type: 'oauth2',
    description: 'A token of Globus Auth, sent as `Authorization: Bearer <token>`',
    flows: {
      authorizationCode: {
        authorizationUrl: at('v2/oauth2/authorize'),
        tokenUrl: at('v2/oauth2/token'),
        refreshUrl: at('v2/oauth2/token'),
        scopes: described,
      },
      clientCredentials: { tokenUrl: at('v2/oauth2/token'), scopes: described },
    },
  }
}

function pathsOf(documented: Documented, scopes: readonly string[]): OpenApiDocument['paths'] {
  const paths: OpenApiDocument['paths'] = {}
  for (const [name, routes] of Object.entries(documented.routes)) {
    const operation = name as Operation
    for (const [index, [method, path]] of routes.entries()) {
      const template = path.replaceAll(/:(\w+)/g, '{$1}')
      paths[template] = {
        ...paths[template],
        [method.toLowerCase()]: operationOf(operation, method, path, index, documented, scopes),
      }
    }
  }
  return paths
}

function operationOf(
  operation: Operation,
  method: string,
  path: string,
  index: number,
  documented: Documented,
  scopes: readonly string[],
): Record<string, unknown> {
  const isDocument = path === '/openapi.json'
  const described = method === 'OPTIONS' ? PREFLIGHT : isDocument ? DOCUMENT : OPERATIONS[operation]
  const open =
    method === 'OPTIONS' || (operation === 'introspect' && isPublic(documented.description.visible_to))
  const { tag, summary, description, parameters, answers } =
    documented.waits && WAITING.has(operation) ? waiting(described) : described
  return {
    operationId: idOf(operation, method, isDocument, index),
    tags: [tag],
    summary,
    description,
    security: open ? [] : scopes.map((scope) => ({ GlobusAuth: [scope] })),
    ...(parameters && { parameters }),
    ...(operation === 'run' && { requestBody: requestBody(documented.exampleInput) }),
    responses: {
      ...answers,
      ...errorAnswers(errorsOf(described, method, open, documented), documented.ownErrors ?? false),
    },
  }
}

/** An operation whose caller may say how long its answer waits. */
function waiting(described: Described): Described {
  const { parameters = [], answers } = described
  return {
    ...described,
    parameters: [...parameters, PREFER],
    answers: Object.fromEntries(
      Object.entries(answers).map(([code, answer]) => [
        code,
        { ...answer, headers: { ...answer.headers, ...PREFERENCE_APPLIED } },
      ]),
    ),
  }
}

/** The name of an operation; its other routes have another, as each must have one of its own. */
function idOf(operation: Operation, method: string, isDocument: boolean, index: number): string {
  if (operation !== 'introspect') return index === 0 ? operation : `${operation}Action`
  return `${isDocument ? 'openapi' : 'introspect'}${method === 'OPTIONS' ? 'Options' : ''}`
}

function errorsOf(
  { errors }: Described,
  method: string,
  open: boolean,
  { limited = false }: Documented,
): ReadonlySet<ErrorStatus> {
  const hasBody = method === 'POST' || method === 'DELETE'
  return new Set<ErrorStatus>([
    400,
    500,
    ...errors,
    ...(open ? [] : ([401, 403, 503] as const)),
    ...(hasBody ? ([413] as const) : []),
    ...(limited ? ([429, 503] as const) : []),
  ])
}

function requestBody(exampleInput: unknown): object {
  return {
    required: true,
    description: 'What to do, and for whom',
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/ActionRequest' },
        ...(exampleInput !== undefined && { example: { request_id: 'some-id', body: exampleInput } }),
      },
    },
  }
}

function schemasOf({ description, routes }: Documented): Record<string, Schema> {
  const request = published(ActionRequest)
  const body = { $ref: '#/components/schemas/Input' }
  const isObject = [description.input_schema.type].flat().join() === 'object'
  return {
    ActionRequest: {
      ...request,
      properties: {
        ...(request.properties as SchemaObject),
        body: isObject ? body : { type: 'object', ...body },
      },
    },
    ...inputComponents(description.input_schema),
    ActionStatus: published(ActionStatus),
    ...(routes.log && { ActionLogPage: published(ActionLogPage) }),
    // Tools take a reference in an example for one of the document: the input schema stands above.
    ProviderDescription: {
      ...published(ProviderDescription),
      examples: [{ ...description, input_schema: { type: 'object' } }],
    },
    Error: published(ErrorDocument),
  }
}

/** Text in JSON is well-formed but for escapes, and not every engine of patterns knows the class of surrogates. */
const WELL_FORMED = '^\\P{Cs}*$'

/** A schema of our own as others read it: `errorMessage`, which is ours alone, becomes its description. */
function published(schema: object): Exclude<Schema, boolean> {
  const copy = structuredClone(schema) as Exclude<Schema, boolean>
  for (const [, part] of parts(copy)) {
    const { errorMessage, pattern } = part
    if (pattern === WELL_FORMED) delete part.pattern
    if (typeof errorMessage !== 'string') continue
    delete part.errorMessage
    part.description = errorMessage.replace(/^must be/, 'Is')
  }
  return copy
}
