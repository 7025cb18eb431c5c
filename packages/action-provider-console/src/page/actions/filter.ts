import type { Filter, Role, Summary } from '../../thread/calls.ts'

export const STATES = ['ACTIVE', 'INACTIVE', 'SUCCEEDED', 'FAILED'] as const
export const ROLES: readonly { role: Role; name: string }[] = [
  { role: 'creator_id', name: 'I created' },
  { role: 'monitor_by', name: 'I may see' },
  { role: 'manage_by', name: 'I may manage' },
]

/** The filter, as in the URL of the view. The provider filters by state and role, the page by the rest. */
export type Wanted = Filter & { label: string; since: string; until: string }

/** The filter of a URL; everything by default. */
export function wantedOf(query: URLSearchParams): Wanted {
  const listed = <Value extends string>(name: string, allowed: readonly Value[]): Value[] => {
    const given = query.get(name)?.split(',') ?? []
    const known = allowed.filter((each) => given.includes(each.toLowerCase()) || given.includes(each))
    return known.length > 0 ? known : [...allowed]
  }
  return {
    status: listed('status', STATES),
    role: listed(
      'role',
      ROLES.map(({ role }) => role),
    ),
    label: query.get('label') ?? '',
    since: query.get('since') ?? '',
    until: query.get('until') ?? '',
  }
}

/** The query of a filter, without defaults. */
export function queryOf({ status, role, label, since, until }: Wanted): Record<string, string | undefined> {
  return {
    status: status.length === STATES.length ? undefined : status.join().toLowerCase(),
    role: role.length === ROLES.length ? undefined : role.join(),
    label,
    since,
    until,
  }
}

/** Whether an action matches the text and the days of a filter. Days are those of the browser's time zone. */
export function fits({ label, since, until }: Wanted, action: Summary): boolean {
  const text = `${action.label ?? ''} ${action.id} ${action.display_status ?? ''}`.toLowerCase()
  if (!text.includes(label.toLowerCase())) return false
  const started = Date.parse(action.start_time ?? '')
  if (since && !(started >= new Date(`${since}T00:00:00`).getTime())) return false
  return !(until && !(started < new Date(`${until}T00:00:00`).getTime() + 86_400_000))
}
