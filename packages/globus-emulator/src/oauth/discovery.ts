import { signatureAlgorithm } from './id-token.ts'

/** What `GET /.well-known/openid-configuration` says (OpenID Connect Discovery section 3). */
export function openidConfiguration(base: string): Record<string, unknown> {
  return {
    issuer: base,
    authorization_endpoint: `${base}/v2/oauth2/authorize`,
    userinfo_endpoint: `${base}/v2/oauth2/userinfo`,
    token_endpoint: `${base}/v2/oauth2/token`,
    revocation_endpoint: `${base}/v2/oauth2/token/revoke`,
    introspection_endpoint: `${base}/v2/oauth2/token/introspect`,
    jwks_uri: `${base}/jwk.json`,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: [signatureAlgorithm],
    scopes_supported: ['openid', 'email', 'profile'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    claims_supported: [
      'at_hash',
      'aud',
      'email',
      'exp',
      'name',
      'nonce',
      'preferred_username',
      'iat',
      'iss',
      'sub',
    ],
    subject_types_supported: ['public'],
  }
}
