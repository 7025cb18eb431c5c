import type { ActionStatusValue } from '../documents/action-status.ts'

/**
 * How a status is written in a column. What is below SUCCEEDED is unfinished. Indexes rely on these numbers:
 * they never change.
 */
export const STATUS_CODES = { ACTIVE: 0, INACTIVE: 1, SUCCEEDED: 2, FAILED: 3 } as const
export const STATUSES: readonly ActionStatusValue[] = ['ACTIVE', 'INACTIVE', 'SUCCEEDED', 'FAILED']
