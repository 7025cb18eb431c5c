import { type ActionStatus, type AuthState, defineActionProvider } from 'action-provider-tools'

export const LINES = 100_000

/** Five megabytes. */
export const details = {
  records: Array.from({ length: 50_000 }, (_, index) => ({
    id: index,
    name: `record ${index} of fifty thousand`,
    checksum: 'sha256:9f86d081884c7d659a2feaa0',
  })),
}

const status = ({ auth, action_id }: { auth: AuthState; action_id: string }): ActionStatus => ({
  action_id,
  status: 'SUCCEEDED',
  creator_id: auth.effectiveIdentity,
  label: 'Large',
  details: action_id === 'large' ? details : {},
  start_time: '2026-01-01T00:00:00Z',
  completion_time: '2026-01-01T01:00:00Z',
})

/** A provider with actions of which one has large details and the others have long logs. */
export const largeProvider = defineActionProvider({
  description: {
    title: 'Large',
    admin_contact: 'support@example.org',
    synchronous: true,
    log_supported: true,
    visible_to: ['public'],
  },
  input: { type: 'object' },
  run: ({ auth }) => status({ auth, action_id: 'large' }),
  status,
  cancel: status,
  release: status,
  log({ limit, marker = '0' }) {
    const from = Number(marker)
    const to = Math.min(LINES, from + limit)
    const entries = Array.from({ length: to - from }, (_, index) => ({
      time: new Date(1_767_225_600_000 + (from + index) * 36).toISOString(),
      code: 'Line',
      description: `Line ${from + index + 1} of many`,
    }))
    return { limit, has_next_page: to < LINES, entries, ...(to < LINES && { marker: String(to) }) }
  },
})
