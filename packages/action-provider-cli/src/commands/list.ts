import type { ActionStatus } from 'action-provider-tools/client'
import { gathered } from '../client/gathered.ts'
import { actionsTable } from '../output/views.ts'
import { type CommonOptions, openSession } from '../session.ts'

const everyStatus = ['active', 'inactive', 'succeeded', 'failed'] as const
/** The values of `list --status`. */
const statusChoices = [...everyStatus, 'all'] as const
/** The values of `list --role`. */
const roleChoices = ['creator', 'monitor', 'manager', 'all'] as const

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
  const statuses = everyStatus.filter((each) => status.includes('all') || status.includes(each))
  const wanted = role.includes('all')
    ? Object.values(roles)
    : role.map((each) => roles[each as keyof typeof roles])
  const { items, more } = await provider().told((calls) =>
    gathered(limit, (options) => calls.actions({ status: statuses, role: wanted, ...options })),
  )
  const actions = newestFirst(items.flatMap(({ latest }) => latest ?? []))
  await terminal.result(actions, () =>
    actionsTable(
      actions,
      `No actions that are ${statuses.join(' or ')}; "--status all" shows those of every status.`,
    ),
  )
  if (more) terminal.warn('There are more, which are not shown: give --limit, or fewer --status')
}

/** The interface requires this order, but providers of the Python toolkit do not sort. */
function newestFirst(actions: readonly ActionStatus[]): ActionStatus[] {
  const started = ({ start_time }: ActionStatus): number => Date.parse(String(start_time)) || 0
  return actions.toSorted((one, other) => started(other) - started(one))
}
