import type { ProviderDescription } from 'action-provider-tools/client'
import type { Procedure } from './peer.ts'
import type { TreeRow } from './tree.ts'

/** An action without its details, which may be large. */
export type Summary = {
  id: string
  status: 'ACTIVE' | 'INACTIVE' | 'SUCCEEDED' | 'FAILED'
  display_status?: string
  label?: string
  creator_id: string
  monitor_by: string[]
  manage_by: string[]
  start_time?: string
  completion_time?: string
  release_after?: string
  deadline?: string
}

/** The fields of details that have a meaning to callers (interface, "Life of an action"). */
export type Said = {
  code?: string
  description?: string
  resolution_url?: string
  /** The scopes that need the creator's consent. */
  consent?: string
}

/** The shown action. The thread has its details as a tree. */
export type Shown = Summary & { said: Said; detailRows: number }

/** Which actions to list. */
export type Filter = { status: readonly Summary['status'][]; role: readonly Role[] }
export type Role = 'creator_id' | 'monitor_by' | 'manage_by'

/** The fields of a run beside its input (interface, "ActionRequest"). */
export type RunFields = {
  request_id?: string
  label?: string
  monitor_by?: string[]
  manage_by?: string[]
  deadline?: string
  release_after?: string
}

export type LogLine = {
  /** From 1 on. */
  number: number
  time: string
  code: string
  description: string
  hasDetails: boolean
}

/** A log entry about a step, a sleep or a wait. */
export type StepLine = {
  number: number
  step: string
  code: string
  time: string
  /** Its duration, ISO 8601. */
  duration?: string
  /** The end of its sleep. */
  until?: string
}

/** A log entry about an event that the work waits for. */
export type Wait = {
  event: string
  /** Its JSON Schema, as text. */
  schema: string
  /** The end of the wait. */
  until?: string
}

type At = { provider: string }
type OfAction = At & { id: string }
/** The key of a value that the thread keeps for the page. */
type Kept = { key: string }
type Rows = Kept & { from: number; to: number }

/** The calls of the page to the thread. */
export type ThreadCalls = {
  introspect: Procedure<At, ProviderDescription & { schemaText: string }>
  /** Starts an action. `input` is JSON text, so that its numbers stay as they were written. */
  run: Procedure<At & { input: string; fields: RunFields }, { id: string; repeated: boolean }>
  change: Procedure<OfAction & Kept & { change: 'cancel' | 'resume' | 'release' }, Shown>
  /** Emits the action after each change, until it is complete. Keeps its details as the tree `key`. */
  watch: Procedure<OfAction & Kept, void, Shown>

  openList: Procedure<At & Kept & { filter: Filter }, { items: Summary[]; end: boolean }>
  moreOfList: Procedure<Kept, { items: Summary[]; end: boolean }>
  /** The new, changed and removed actions of a list. */
  refreshList: Procedure<Kept, { items: Summary[]; gone: string[] }>

  /**
   * Reads a log to its end, and follows it. Emits the number of its lines and of those that match the search.
   */
  followLog: Procedure<OfAction & Kept & { follow: boolean }, void, LogCount>
  searchLog: Procedure<Kept & { text: string }, LogCount>
  logRows: Procedure<Rows, LogLine[]>
  /** The event that the work waits for, according to its log. */
  waitOfLog: Procedure<Kept, Wait | undefined>
  /** Sends an event: JSON text, so that its numbers stay as they were written. */
  sendEvent: Procedure<OfAction & Kept & { event: string; value: string }, Shown>
  /** The steps and waits of the work, in their order. */
  stepsOfLog: Procedure<Kept, StepLine[]>
  /** The index of a line among those that match the search; -1 if it does not match. */
  findLine: Procedure<Kept & { number: number }, number>
  /** Keeps a line's details as the tree `tree`, and returns its whole text. */
  openLine: Procedure<Kept & { number: number; tree: string }, (LogLine & { detailRows: number }) | undefined>

  /** Keeps JSON text as a tree. */
  openTree: Procedure<Kept & { text: string }, number>
  treeRows: Procedure<Rows, TreeRow[]>
  /** Returns the new number of rows. */
  toggleRow: Procedure<Kept & { row: number }, number>
  parentRow: Procedure<Kept & { row: number }, number>
  rowText: Procedure<Kept & { row: number }, string>

  /** Drops the values of a key. */
  forget: Procedure<Kept, void>
}
export type LogCount = { lines: number; found: number }

/** The calls of the thread to the page. */
export type PageCalls = {
  /** A token for a provider; `refused` is a token that it has refused. */
  token: Procedure<{ provider: string; refused?: string }, string | undefined>
  /** Reports that a request will be repeated, or that all is well again. */
  trouble: Procedure<{ provider: string; reason?: string; wait?: number }, void>
}
