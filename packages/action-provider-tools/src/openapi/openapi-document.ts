import { ActionRequest } from '../documents/action-request.ts'
import { ActionStatus } from '../documents/action-status.ts'
import { ActionLogPage } from '../documents/log-page.ts'
import { ProviderDescription } from '../documents/provider-description.ts'
import { ErrorDocument } from '../errors.ts'
import { parts, type SchemaObject } from '../input/schema-facts.ts'
import { admissionTo, type Endpoint, operationOfEndpoint } from '../provider/endpoint.ts'
import { type ErrorStatus, errorAnswers } from './error-answers.ts'
import { inputComponents, type Schema } from './input-components.ts'
import { type Described, OPERATIONS, PREFER, PREFERENCE_APPLIED, PREFLIGHT, WAITING } from './operations.ts'

/** The facts that an OpenAPI document is made from. */
export type Documented = {
  /** The answer of introspect. */
  description: ProviderDescription
  /** The routes of each endpoint that the provider has, the preferred one first. */
  routes: Partial<Record<Endpoint, readonly (readonly [method: string, path: string])[]>>
  /** Scopes that are accepted besides the provider's own. */
  additionalScopes?: readonly string[]
  /** Where callers get their tokens. */
  authUrl?: string
  /** Whether there are limits on open requests, in all and per caller. */
  limited?: boolean
  /** Whether answers may wait for the end of an action. */
  waits?: boolean
  /** Whether the author's own rules may give further errors. */
  ownErrors?: boolean
  /** An input that the schema accepts. */
  exampleInput?: unknown
}

/** An OpenAPI document, as far as its users need to know it. */
export type OpenApiDocument = {
  openapi: '3.1.0'
  paths: Record<string, Record<string, Record<string, unknown>>>
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, object> }
} & Record<string, unknown>

/**
 * The OpenAPI document of a provider. It has exactly the routes of the provider, and the schemas that check
 * its requests and answers. The version is 3.1.0, which Globus Flows requires for Registered APIs. Operations
 * refer only to schemas, because Registered APIs keep no other components.
 *
 * @throws InvalidDefinition for an unknown dialect of the input schema
 */
export function openApiDocument(documented: Documented): OpenApiDocument {
  const { description, additionalScopes = [] } = documented
  const scopes = [description.globus_auth_scope, ...additionalScopes]
  return {
    openapi: '3.1.0',
    info: information(description),
    // Relative to the document, so that it is right behind any proxy.
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
    // A placeholder, because the interface does not define terms of use (SPDX 2.3, annex D, for the
    // reference).
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
    const endpoint = name as Endpoint
    for (const [index, [method, path]] of routes.entries()) {
      const template = path.replaceAll(/:(\w+)/g, '{$1}')
      paths[template] = {
        ...paths[template],
        [method.toLowerCase()]: operationOf(endpoint, method, index, documented, scopes),
      }
    }
  }
  return paths
}

function operationOf(
  endpoint: Endpoint,
  method: string,
  index: number,
  documented: Documented,
  scopes: readonly string[],
): Record<string, unknown> {
  const isPreflight = method === 'OPTIONS'
  const described = isPreflight ? PREFLIGHT : OPERATIONS[endpoint]
  const open = isPreflight || admissionTo(operationOfEndpoint(endpoint), documented.description).open
  const { tag, summary, description, parameters, answers } =
    documented.waits && WAITING.has(endpoint) ? waiting(described) : described
  return {
    operationId: idOf(endpoint, isPreflight, index),
    tags: [tag],
    summary,
    description,
    security: open ? [] : scopes.map((scope) => ({ GlobusAuth: [scope] })),
    ...(parameters && { parameters }),
    ...(endpoint === 'run' && { requestBody: requestBody(documented.exampleInput) }),
    ...(endpoint === 'event' && { requestBody: EVENT_BODY }),
    responses: {
      ...answers,
      ...errorAnswers(errorsOf(described, method, open, documented), documented.ownErrors ?? false),
    },
  }
}

/** Adds the parameter with which a caller says how long an answer may wait. */
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

/** The operationId. Each route needs its own, so further routes of an operation get another one. */
function idOf(endpoint: Endpoint, isPreflight: boolean, index: number): string {
  if (isPreflight) return `${endpoint}Options`
  return index === 0 ? endpoint : `${endpoint}Action`
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

/** Any JSON: what the work waits for is known when it waits. */
const EVENT_BODY = {
  required: true,
  description: 'The value of the event',
  content: { 'application/json': { schema: {} } },
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
    // Tools would resolve references inside an example within the document. The full input schema is above.
    ProviderDescription: {
      ...published(ProviderDescription),
      examples: [{ ...description, input_schema: { type: 'object' } }],
    },
    Error: published(ErrorDocument),
  }
}

/**
 * Left out below: only escapes can break well-formed JSON text, and some pattern engines do not know the
 * class of surrogates.
 */
const WELL_FORMED = '^\\P{Cs}*$'

/**
 * A schema of this library for publication. `errorMessage`, a keyword of this library, becomes its
 * description.
 */
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
