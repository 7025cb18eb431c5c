import { scopes } from '../auth/scopes.ts'
import { tokensFor } from '../auth/tokens.ts'
import { isPrincipal } from '../client/documents.ts'
import { exchange } from '../client/http.ts'
import { unavailableError, usageError } from '../errors.ts'
import { printable } from '../output/printable.ts'
import type { Session } from '../session.ts'

/**
 * Resolves principals to URNs. Each is given as a URN, as a user name (`alice@example.org`), or as the name
 * of one of the caller's groups.
 *
 * @throws CommandError if a name belongs to nobody, or to several groups
 */
export async function principals(session: Session, names: readonly string[]): Promise<string[]> {
  const urns: string[] = []
  for (const name of names) urns.push(await principal(session, name))
  return [...new Set(urns)]
}

async function principal(session: Session, name: string): Promise<string> {
  if (isPrincipal(name)) return name
  if (name.startsWith('urn:')) {
    throw usageError(
      `${name} is not a principal: write urn:globus:auth:identity:UUID or urn:globus:groups:id:UUID`,
    )
  }
  return isUser(name) ? identity(session, name) : group(session, name)
}

/** The scopes that are needed to look up these names. */
export function scopesOfNames(names: readonly string[]): string[] {
  const looked = names.filter((name) => !name.startsWith('urn:'))
  return [
    ...(looked.some(isUser) ? [scopes.viewIdentities] : []),
    ...(looked.some((name) => !isUser(name)) ? [scopes.viewGroups] : []),
  ]
}

function isUser(name: string): boolean {
  return name.includes('@')
}

async function identity(session: Session, username: string): Promise<string> {
  const url = new URL('v2/api/identities', session.globus.auth)
  url.searchParams.set('usernames', username)
  const { identities } = (await get(session, url, scopes.viewIdentities)) as { identities?: { id: string }[] }
  const found = identities?.[0]
  if (found === undefined)
    throw usageError(`Globus knows nobody called ${username}: check the name, or give a URN`)
  return `urn:globus:auth:identity:${found.id}`
}

async function group(session: Session, name: string): Promise<string> {
  const url = new URL('v2/groups/my_groups', session.globus.groups)
  const groups = (await get(session, url, scopes.viewGroups)) as { id: string; name: string }[]
  const found = groups.filter((each) => each.name.toLowerCase() === name.toLowerCase())
  const [only, ...others] = found
  if (only === undefined) {
    throw usageError(
      `You are in no group called ${name}: check the name (a user name has an @), or give a URN`,
    )
  }
  if (others.length > 0) {
    const urns = found.map(({ id }) => `urn:globus:groups:id:${id}`).join(' or ')
    throw usageError(`You are in several groups called ${name}: give ${urns}`)
  }
  return `urn:globus:groups:id:${only.id}`
}

/** Sends a request to a service of Globus as the user who is logged in. */
async function get({ serviceTokens, terminal }: Session, url: URL, scope: string): Promise<unknown> {
  const advice = `Names are looked up at Globus by those who are logged in: give URNs, or run action-provider login --action-scope ${scope}`
  const token = tokensFor(serviceTokens, () => ({ scope, advice }))
  const answer = await exchange({ method: 'GET', url, token }, terminal.trace)
  if (answer.status !== 200 || answer.json === undefined) {
    throw unavailableError(
      `${url.origin} cannot look names up now (it answered ${answer.status}): give URNs, or try again (${printable(url.pathname)})`,
    )
  }
  return answer.json
}
