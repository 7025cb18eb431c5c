const untrusted =
  'its certificate is not trusted: if your own authority issued it, set NODE_EXTRA_CA_CERTS to the certificate file of that authority'
const noTls = 'it does not speak TLS: is it http:// instead of https://?'

/** Failures that trying again does not mend. */
const lasting: Record<string, string> = {
  CERT_HAS_EXPIRED: 'its certificate has expired: tell its operators',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host: check the URL',
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
}

const passing: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there: check the URL and its port, and whether the service runs',
  ENOTFOUND: 'there is no such host: check the URL',
  EAI_AGAIN: 'its name cannot be looked up now: check your network',
  ECONNRESET: 'the connection was cut: try again',
  UND_ERR_SOCKET: 'the connection was cut: try again',
  ETIMEDOUT: 'it does not answer: check your network, or try again',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer: check your network, or try again',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer: try again',
  UND_ERR_BODY_TIMEOUT: 'its answer does not end: try again',
  EHOSTUNREACH: 'no route leads to it: check your network',
  ENETUNREACH: 'no route leads to it: check your network',
}

/** The network failed, not the other side. Whether the request arrived is unknown. */
export class NetworkFailure extends Error {
  override readonly name = 'NetworkFailure'
  readonly code = 'NetworkFailure'
  /**
   * Trying again does not help until something changes. Always false in browsers, which do not tell the
   * cause.
   */
  readonly lasting: boolean

  constructor(origin: string, cause: unknown) {
    const code = codeOf(cause)
    const words = lastingWords(code)
    super(`Cannot reach ${origin}: ${words ?? passing[code] ?? `the network failed (${code}): try again`}`, {
      cause,
    })
    this.lasting = words !== undefined
  }
}

function lastingWords(code: string): string | undefined {
  if (lasting[code] !== undefined) return lasting[code]
  if (/CERT|SIGNATURE|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code)) return untrusted
  if (/^ERR_(SSL|TLS)/.test(code)) return `its TLS cannot be used (${code}): tell its operators`
  return undefined
}

/** The most specific code, which Node's fetch keeps in the causes of its error. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError') return 'ETIMEDOUT'
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  if (error.cause !== undefined) return codeOf(error.cause)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
