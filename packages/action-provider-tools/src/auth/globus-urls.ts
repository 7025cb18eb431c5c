import { InvalidDefinition } from '../errors.ts'

/** The base URLs of Globus Auth and Globus Groups. Both end with a slash. */
export type GlobusUrls = { auth: URL; groups: URL }

/** The options of `globusUrls`. Each overrides an environment variable. */
export type GlobusUrlOptions = {
  /** `production` (default), `preview`, `sandbox`, `integration`, `test` or `staging`. */
  environment?: string
  authUrl?: string
  groupsUrl?: string
}

const domains: Record<string, string> = {
  production: 'globus.org',
  preview: 'preview.globus.org',
  sandbox: 'sandbox.globuscs.info',
  integration: 'integration.globuscs.info',
  test: 'test.globuscs.info',
  staging: 'staging.globuscs.info',
}

/**
 * The base URLs of Globus Auth and Groups. A given URL wins over a given environment, and options win over
 * the variables `GLOBUS_SDK_SERVICE_URL_AUTH`, `GLOBUS_SDK_SERVICE_URL_GROUPS` and `GLOBUS_SDK_ENVIRONMENT`,
 * which the official SDKs read too. Secrets and tokens go to these URLs, so they must be https, or http on
 * this machine.
 *
 * @throws InvalidDefinition for an unknown environment, for an invalid URL, and for http to another machine
 * @example
 * globusUrls({ environment: 'preview' }).auth.href // 'https://auth.preview.globus.org/'
 */
export function globusUrls(
  options: GlobusUrlOptions = {},
  variables: Record<string, string | undefined> = process.env,
): GlobusUrls {
  const environment = options.environment || variables.GLOBUS_SDK_ENVIRONMENT || 'production'
  const domain = Object.hasOwn(domains, environment) ? domains[environment] : undefined
  if (domain === undefined) {
    throw new InvalidDefinition(
      `GLOBUS_SDK_ENVIRONMENT is ${JSON.stringify(environment)}: use one of ${Object.keys(domains).join(', ')}`,
    )
  }
  const serviceUrl = (service: 'AUTH' | 'GROUPS', option: string | undefined, host: string): URL => {
    const variable = `GLOBUS_SDK_SERVICE_URL_${service}`
    return baseUrl(variable, option || variables[variable] || `https://${host}.${domain}/`)
  }
  return {
    auth: serviceUrl('AUTH', options.authUrl, 'auth'),
    groups: serviceUrl('GROUPS', options.groupsUrl, 'groups.api'),
  }
}

function baseUrl(variable: string, value: string): URL {
  const url = URL.parse(value)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new InvalidDefinition(`${variable} is not an https URL: ${JSON.stringify(value)}`)
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new InvalidDefinition(
      `${variable} would send tokens and secrets to ${url.host} unencrypted: use https; http is for this machine alone`,
    )
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/**
 * Whether a host name or address is the loopback interface.
 * @example isLoopback('127.0.0.1'); isLoopback('::1'); isLoopback('localhost') // true
 */
export function isLoopback(host: string): boolean {
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  // `URL` normalizes all forms of an address.
  const name = URL.parse(`http://${bracketed}`)?.hostname ?? ''
  return name === 'localhost' || name === '[::1]' || /^127(\.\d+){3}$/.test(name)
}
