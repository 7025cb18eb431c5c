import type { ActionStatusValue } from '../documents/action-status.ts'

/**
 * The codes of statuses in the database. Codes below SUCCEEDED are unfinished. Indexes rely on these numbers,
 * so they never change.
 */
export const STATUS_CODES = { ACTIVE: 0, INACTIVE: 1, SUCCEEDED: 2, FAILED: 3 } as const
export const STATUSES: readonly ActionStatusValue[] = ['ACTIVE', 'INACTIVE', 'SUCCEEDED', 'FAILED']
