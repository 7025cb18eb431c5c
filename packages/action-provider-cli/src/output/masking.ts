const secrets = new Set<string>()
const MASK = '***'

/** Field names whose values are secret wherever they stand; `code` is one in forms alone, where it is an OAuth code. */
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

/** Remembers a secret, so that `mask` takes it out of everything this process prints from now on. */
export function keepSecret(secret: string): string {
  // A shorter one would blot out innocent text, and is no secret worth the name.
  if (secret.length >= 8) secrets.add(secret)
  return secret
}

/** A text without the secrets that are known: even a provider that answers with its caller's token shows none. */
export function mask(text: string): string {
  let masked = text
  for (const secret of secrets) masked = masked.replaceAll(secret, MASK)
  return masked
}

/** A JSON or form body as `--verbose` shows it. What is neither is shown as it is, without known secrets. */
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
