import { InvalidDefinition } from '../errors.ts'
import type { ActionProvider } from '../provider/define-action-provider.ts'

/** A provider of several in a program. */
export type ServedProvider = {
  provider: ActionProvider
  /**
   * Its base path, such as `/skeleton`. Slashes at its ends are optional (default: its namespace in lower
   * case, with `-` for characters that a URL would escape).
   */
  prefix?: string
  /** An input that the printed curl line sends (default: one made from the input schema). */
  exampleInput?: unknown
}

/** A provider and where it is served. */
export type Place = ServedProvider & { prefix: string }

/** A segment of a path without characters to escape (RFC 3986, section 2.3). */
const SEGMENT = /^[\w.~-]+$/

/**
 * The base path of a provider: with a slash before each segment and none at the end.
 * @throws InvalidDefinition if there is no segment, or one with characters that a URL must escape
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

/** The paths of a program beside its providers. */
const TAKEN = ['/healthz', '/readyz', '/metrics']

/**
 * The prefix of each provider of a program.
 * @throws InvalidDefinition if there is no provider, or two have overlapping paths or the same actions
 * @example placesOf([resize, { provider: convert, prefix: '/to-png' }])
 */
export function placesOf(served: readonly (ActionProvider | ServedProvider)[]): Place[] {
  if (served.length === 0) throw new InvalidDefinition('There is nothing to serve: give serve a provider')
  const places = served.map((each) => {
    const { prefix, ...rest } = 'provider' in each ? each : { provider: each, prefix: undefined }
    return { ...rest, prefix: prefix === undefined ? defaultPath(rest.provider.namespace) : basePath(prefix) }
  })
  for (const [index, place] of places.entries()) {
    if (TAKEN.includes(place.prefix)) {
      throw new InvalidDefinition(
        `${nameOf(place)} cannot be served at ${place.prefix}, which is the program's own: give it another prefix`,
      )
    }
    for (const other of places.slice(0, index)) assertApart(other, place)
  }
  return places
}

function defaultPath(namespace: string): string {
  const segment = namespace
    .toLowerCase()
    .replaceAll(/[^\w.~]+/g, '-')
    .replaceAll(/^[-.]+|-+$/g, '')
  if (segment !== '') return `/${segment}`
  throw new InvalidDefinition(
    `No base path can be made of the name '${namespace}': give it one, as in { provider, prefix: '/echo' }`,
  )
}

function assertApart(one: Place, other: Place): void {
  if (one.provider.namespace === other.provider.namespace) {
    throw new InvalidDefinition(
      `Two providers of this program are both called '${one.provider.namespace}': give one of them another namespace`,
    )
  }
  // A path below a provider could be one of its actions.
  if (`${one.prefix}/`.startsWith(`${other.prefix}/`) || `${other.prefix}/`.startsWith(`${one.prefix}/`)) {
    throw new InvalidDefinition(
      `${nameOf(one)} at ${one.prefix} and ${nameOf(other)} at ${other.prefix} are in each other's way: give one of them another prefix`,
    )
  }
}

const nameOf = ({ provider }: Place): string => `'${provider.namespace}'`
