/** An argument is invalid. Nothing was sent. */
export class InvalidArgument extends TypeError {
  override readonly name = 'InvalidArgument'
  readonly code = 'InvalidArgument'
}

/**
 * The base URL of a provider. The URL of its run operation is accepted too, because people copy that.
 *
 * @throws InvalidArgument for a URL that cannot be a provider's
 * @example providerUrl('https://example.org/skeleton/run').href // 'https://example.org/skeleton'
 */
export function providerUrl(given: string | URL): URL {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new InvalidArgument(
      `${JSON.stringify(String(given))} is not the URL of a provider: use one that begins with https:// (or http:// on this machine)`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgument(
      'The URL of a provider has no user name or password: remove them, and log in or give a token',
    )
  }
  url.search = ''
  url.hash = ''
  url.pathname = url.pathname.replace(/\/run\/*$/, '').replace(/\/+$/, '/')
  return url
}

/** A URL below a provider's base URL. */
export function below(base: URL, path: string, query: URLSearchParams): URL {
  const url = new URL(base)
  url.pathname = `${base.pathname.replace(/\/$/, '')}/${path}`
  url.search = query.toString()
  return url
}

/** @throws InvalidArgument for an id that would lead to another path */
export function actionPath(actionId: string, operation: string): string {
  if (actionId === '' || actionId === '.' || actionId === '..') {
    throw new InvalidArgument(
      `${JSON.stringify(actionId)} is not an action id: list your actions to see their ids`,
    )
  }
  return `${encodeURIComponent(actionId)}/${operation}`
}
