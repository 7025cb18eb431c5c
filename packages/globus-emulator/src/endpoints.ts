/** What the emulator counts requests by, and what a fault is set on. The token endpoint goes by its grants. */
export const endpoints = [
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

/** Routes that change nothing: what is kept in a file need not be written after them. */
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
