import type { ActionStatus } from 'action-provider-tools/client'
import { readStatus } from '../client/action.ts'
import { readPages } from '../client/pages.ts'
import { answered, type Provider } from '../client/provider.ts'
import { unavailableError } from '../errors.ts'
import { actionsTable } from '../output/views.ts'
import { type CommonOptions, openSession } from '../session.ts'

/** What `list --status` takes. */
export const statusChoices = ['active', 'inactive', 'succeeded', 'failed', 'all'] as const
/** What `list --role` takes. */
export const roleChoices = ['creator', 'monitor', 'manager', 'all'] as const

type ListOptions = CommonOptions & {
  status?: (typeof statusChoices)[number][]
  role?: (typeof roleChoices)[number][]
  limit?: number
}

const roles = { creator: 'creator_id', monitor: 'monitor_by', manager: 'manage_by' } as const

/** `action-provider list` */
export async function list(options: ListOptions): Promise<void> {
  const { terminal, provider } = await openSession(options)
  const { status = ['active'], role = ['creator'], limit = Number.POSITIVE_INFINITY } = options
  const statuses = status.includes('all') ? statusChoices.filter((each) => each !== 'all') : status
  const wanted = role.includes('all')
    ? Object.values(roles)
    : role.map((each) => roles[each as keyof typeof roles])
  const { actions, more } = await enumerate(
    provider(),
    { status: statuses.join(','), roles: wanted.join(',') },
    limit,
  )
  await terminal.result(actions, () =>
    actionsTable(
      actions,
      `No actions that are ${statuses.join(' or ')}; "--status all" shows those of every status.`,
    ),
  )
  if (more) terminal.warn('There are more, which are not shown: give --limit, or fewer --status')
}

/** Reads page after page; the next one is announced in a Link header (interface, enumerate). */
async function enumerate(
  provider: Provider,
  query: Record<string, string>,
  limit: number,
): Promise<{ actions: ActionStatus[]; more: boolean }> {
  const { items, more } = await readPages(
    limit,
    (_size, marker) =>
      answered(provider, { path: 'actions', query: marker === undefined ? query : { ...query, marker } }),
    ({ json, headers, url }) => {
      if (!Array.isArray(json)) {
        throw unavailableError(
          `${provider.url.href} answered with what is no list of actions: tell its admin_contact`,
        )
      }
      return {
        items: json.map((action) => readStatus(action, provider)),
        next: nextMarker(headers.get('link'), url),
      }
    },
  )
  return { actions: newestFirst(items).slice(0, limit), more }
}

/** The interface has them in this order; providers of the Python toolkit give them as they come. */
function newestFirst(actions: readonly ActionStatus[]): ActionStatus[] {
  const started = ({ start_time }: ActionStatus): number => Date.parse(String(start_time)) || 0
  return actions.toSorted((one, other) => started(other) - started(one))
}

/** Only the marker is taken from the link: where the next request goes is not the provider's to say. */
function nextMarker(link: string | null, base: URL): string | undefined {
  const next = link?.match(/<([^>]*)>\s*;[^,]*\brel="?next\b/)?.[1]
  return next === undefined
    ? undefined
    : (URL.parse(next, base.href)?.searchParams.get('marker') ?? undefined)
}
