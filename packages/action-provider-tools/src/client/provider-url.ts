/** What a program gave is none of what is needed: nothing was sent. */
export class InvalidArgument extends TypeError {
  override readonly name = 'InvalidArgument'
  readonly code = 'InvalidArgument'
}

/**
 * The base URL of a provider. The URL of its run operation will do, as people copy that.
 *
 * @throws InvalidArgument for what is no URL of a provider
 * @example providerUrl('https://example.org/skeleton/run').href // 'https://example.org/skeleton'
 */
export function providerUrl(given: string | URL): URL {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new InvalidArgument(
      `${JSON.stringify(String(given))} is no URL of a provider: it begins with https:// (or http:// on this machine)`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgument(
      'The URL of a provider holds no user name and password: leave them out, and log in or give a token',
    )
  }
  url.search = ''
  url.hash = ''
  url.pathname = url.pathname.replace(/\/run\/*$/, '').replace(/\/+$/, '/')
  return url
}

/** The URL of something below a provider's base URL. */
export function below(base: URL, path: string, query: URLSearchParams): URL {
  const url = new URL(base)
  url.pathname = `${base.pathname.replace(/\/$/, '')}/${path}`
  url.search = query.toString()
  return url
}

/** @throws InvalidArgument for what cannot be an action's id: as part of a path it would lead elsewhere */
export function actionPath(actionId: string, operation: string): string {
  if (actionId === '' || actionId === '.' || actionId === '..') {
    throw new InvalidArgument(
      `${JSON.stringify(actionId)} is no action's id: list your actions to see theirs`,
    )
  }
  return `${encodeURIComponent(actionId)}/${operation}`
}
