import { principals } from '../sign-in/session.ts'
import { plain } from './plain.ts'

const WORDS: Readonly<Record<string, string>> = {
  public: 'anybody',
  all_authenticated_users: 'everybody who is signed in',
}

/** A principal in words. */
export function principalText(principal: string): string {
  if (principals.value.has(principal)) return 'you'
  const [, kind, id] = /^urn:globus:(auth:identity|groups:id):(.+)$/.exec(principal) ?? []
  if (kind === undefined) return WORDS[principal] ?? plain(principal)
  return `${kind === 'groups:id' ? 'group' : 'identity'} ${plain(id ?? '')}`
}

/**
 * Whether the user may be one of these principals. The page does not know the user's groups, so any group
 * counts.
 */
export function mayBeAmong(listed: readonly string[]): boolean {
  return listed.some(
    (each) =>
      principals.value.has(each) ||
      each === 'all_authenticated_users' ||
      each === 'public' ||
      each.startsWith('urn:globus:groups:'),
  )
}
