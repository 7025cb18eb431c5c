import type { Login } from '../auth/token-store.ts'
import type { Table } from '../output/table.ts'

/** Who is logged in, and for which scopes. It shows no tokens. */
export type Who = {
  username?: string
  name?: string
  email?: string
  identity: string
  globus_auth: string
  tokens: { scope: string; expires: string; refreshable: boolean; providers: string[] }[]
}

export function whoDocument({ identity, tokens, trusted = [] }: Login, auth: URL): Who {
  return {
    ...(identity?.username !== undefined && { username: identity.username }),
    ...(identity?.name !== undefined && { name: identity.name }),
    ...(identity?.email !== undefined && { email: identity.email }),
    identity: `urn:globus:auth:identity:${identity?.sub}`,
    globus_auth: auth.origin,
    tokens: tokens.map(({ scope, expires_at, refresh_token }) => ({
      scope,
      expires: new Date(expires_at).toISOString(),
      refreshable: refresh_token !== undefined,
      providers: trusted.flatMap((each) => (scope.split(' ').includes(each.scope) ? [each.provider] : [])),
    })),
  }
}

export function identityTable(who: Who): Table {
  return {
    kind: 'fields',
    fields: [
      ['Logged in as', who.username],
      ['Name', who.name],
      ['Email', who.email],
      ['Identity', who.identity],
      ['Globus Auth', who.globus_auth],
      ['For', who.tokens.map(({ scope }) => scope).join('\n')],
    ],
  }
}
