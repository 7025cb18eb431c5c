import type { Endpoint } from '../provider/endpoint.ts'

type Route = readonly [method: 'GET' | 'POST' | 'DELETE' | 'OPTIONS', path: string]

/** Every route (interface, "Operations"), relative to the provider's base URL. */
export const ROUTES: Readonly<Record<Endpoint, readonly Route[]>> = {
  introspect: [
    ['GET', '/'],
    ['OPTIONS', '/'],
  ],
  openapi: [
    ['GET', '/openapi.json'],
    ['OPTIONS', '/openapi.json'],
  ],
  run: [
    ['POST', '/run'],
    ['POST', '/actions'],
  ],
  status: [
    ['GET', '/:action_id/status'],
    ['GET', '/actions/:action_id'],
  ],
  cancel: [
    ['POST', '/:action_id/cancel'],
    ['POST', '/actions/:action_id/cancel'],
  ],
  resume: [
    ['POST', '/:action_id/resume'],
    ['POST', '/actions/:action_id/resume'],
  ],
  event: [['POST', '/actions/:action_id/events/:event']],
  release: [
    ['POST', '/:action_id/release'],
    ['DELETE', '/actions/:action_id'],
  ],
  log: [
    ['GET', '/:action_id/log'],
    ['GET', '/actions/:action_id/log'],
  ],
  updates: [['GET', '/actions/:action_id/updates']],
  enumerate: [['GET', '/actions']],
}

/**
 * The methods of a path, for the `Allow` header; none for an unknown path.
 * @param path relative to the provider's base URL
 */
export function allowedMethods(path: string, endpoints: readonly Endpoint[]): string[] {
  const methods = new Set<string>()
  for (const endpoint of endpoints) {
    for (const [method, pattern] of ROUTES[endpoint]) {
      if (!patternOf(pattern).test(path)) continue
      methods.add(method)
      if (method === 'GET') methods.add('HEAD')
    }
  }
  return [...methods].sort()
}

/**
 * The pattern of a route's paths, relative to the provider's base URL, with or without a slash at the end.
 */
export function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\/$/, '').replace('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}/?$`)
}
