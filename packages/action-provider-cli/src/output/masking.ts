const secrets = new Set<string>()
const MASK = '***'

/** Names of fields with secret values. `code` is secret only in forms, where it is an OAuth code. */
const secretFields = new Set([
  'access_token',
  'authorization',
  'client_secret',
  'id_token',
  'password',
  'refresh_token',
  'secret',
  'token',
])
const secretFormFields = new Set([...secretFields, 'code', 'code_verifier'])

/** Remembers a secret, so that `mask` removes it from everything that this process prints. */
export function keepSecret(secret: string): string {
  // Masking shorter texts would hide harmless ones, and no secret is that short.
  if (secret.length >= 8) secrets.add(secret)
  return secret
}

/** Masks the known secrets in a text; a provider's answer may contain its caller's token. */
export function mask(text: string): string {
  let masked = text
  for (const secret of secrets) masked = masked.replaceAll(secret, MASK)
  return masked
}

/** A JSON or form body as `--verbose` shows it. In other bodies only known secrets are masked. */
export function maskBody(body: string, contentType: string | null): string {
  if (contentType?.startsWith('application/x-www-form-urlencoded')) return maskForm(body)
  try {
    return mask(JSON.stringify(JSON.parse(body, maskField)))
  } catch {
    return mask(body)
  }
}

function maskForm(body: string): string {
  const fields = [...new URLSearchParams(body)]
  return mask(fields.map(([name, value]) => `${name}=${secretFormFields.has(name) ? MASK : value}`).join('&'))
}

function maskField(name: string, value: unknown): unknown {
  return secretFields.has(name.toLowerCase()) && typeof value === 'string' && value !== '' ? MASK : value
}
