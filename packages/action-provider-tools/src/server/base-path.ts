import { InvalidDefinition } from '../errors.ts'

/** What a segment of a path may hold without being escaped (RFC 3986, section 2.3). */
const SEGMENT = /^[\w.~-]+$/

/**
 * The base path of a provider: with a slash before each segment and none at the end.
 * @throws InvalidDefinition where there is no segment, or one that a URL would have to escape
 * @example basePath('skeleton/') // '/skeleton'
 */
export function basePath(prefix: string | undefined): string {
  const segments = (prefix ?? '').split('/').filter((segment) => segment !== '')
  if (segments.length === 0) {
    throw new InvalidDefinition(
      "A provider is served below a base path: name one, such as serve(provider, { prefix: '/echo' })",
    )
  }
  if (!segments.every((segment) => SEGMENT.test(segment) && !/^\.+$/.test(segment))) {
    throw new InvalidDefinition(
      `The prefix '${prefix}' is no base path: use letters, digits, '-', '_', '.' and '~' between slashes, as in '/echo'`,
    )
  }
  return segments.map((segment) => `/${segment}`).join('')
}
