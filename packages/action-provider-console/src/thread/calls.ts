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

/** What the details of an action say that has a meaning to callers (interface, "Life of an action"). */
export type Said = {
  code?: string
  description?: string
  resolution_url?: string
  /** The scopes that it waits for its creator's consent to. */
  consent?: string
}

/** An action that is looked at. Its details are a tree of the thread. */
export type Shown = Summary & { said: Said; detailRows: number }

/** Which actions to list. */
export type Filter = { status: readonly Summary['status'][]; role: readonly Role[] }
export type Role = 'creator_id' | 'monitor_by' | 'manage_by'

/** What a run may be given beside its input (interface, "ActionRequest"). */
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

/** What a log says of a step of the work, or of a time that it sleeps or waits. */
export type StepLine = {
  number: number
  step: string
  code: string
  time: string
  /** How long it took, ISO 8601. */
  duration?: string
  /** Until when it sleeps. */
  until?: string
}

/** What a log says of an event that the work waits for. */
export type Wait = {
  event: string
  /** What it takes: JSON Schema, as text. */
  schema: string
  /** How long it waits. */
  until?: string
}

type At = { provider: string }
type OfAction = At & { id: string }
/** The key of something that the thread keeps for the page. */
type Kept = { key: string }
type Rows = Kept & { from: number; to: number }

/** What the thread does for the page. */
export type ThreadCalls = {
  introspect: Procedure<At, ProviderDescription & { schemaText: string }>
  /** Starts an action. `input` is JSON text, so that its numbers stay as they were written. */
  run: Procedure<At & { input: string; fields: RunFields }, { id: string; repeated: boolean }>
  change: Procedure<OfAction & Kept & { change: 'cancel' | 'resume' | 'release' }, Shown>
  /** Tells of the action whenever it is another, until it is complete. Keeps its details as the tree `key`. */
  watch: Procedure<OfAction & Kept, void, Shown>

  openList: Procedure<At & Kept & { filter: Filter }, { items: Summary[]; end: boolean }>
  moreOfList: Procedure<Kept, { items: Summary[]; end: boolean }>
  /** What is new or other, and what is gone, among what was listed. */
  refreshList: Procedure<Kept, { items: Summary[]; gone: string[] }>

  /** Reads a log to its end, and follows it; says how many lines it has, and how many of them are searched for. */
  followLog: Procedure<OfAction & Kept & { follow: boolean }, void, LogCount>
  searchLog: Procedure<Kept & { text: string }, LogCount>
  logRows: Procedure<Rows, LogLine[]>
  /** The event that the work waits for, as far as its log says. */
  waitOfLog: Procedure<Kept, Wait | undefined>
  /** Sends an event: JSON text, so that its numbers stay as they were written. */
  sendEvent: Procedure<OfAction & Kept & { event: string; value: string }, Shown>
  /** The steps and waits of the work, in their order. */
  stepsOfLog: Procedure<Kept, StepLine[]>
  /** Where a line is among those that are searched for; -1 where it is not. */
  findLine: Procedure<Kept & { number: number }, number>
  /** Keeps a line's details as the tree `tree`, and gives its whole text. */
  openLine: Procedure<Kept & { number: number; tree: string }, (LogLine & { detailRows: number }) | undefined>

  /** Keeps JSON text as a tree. */
  openTree: Procedure<Kept & { text: string }, number>
  treeRows: Procedure<Rows, TreeRow[]>
  /** Gives how many rows there are then. */
  toggleRow: Procedure<Kept & { row: number }, number>
  parentRow: Procedure<Kept & { row: number }, number>
  rowText: Procedure<Kept & { row: number }, string>

  /** Forgets what was kept under a key. */
  forget: Procedure<Kept, void>
}
export type LogCount = { lines: number; found: number }

/** What the page does for the thread. */
export type PageCalls = {
  /** A token for a provider; `refused` is one that it did not accept. */
  token: Procedure<{ provider: string; refused?: string }, string | undefined>
  /** A request is about to be repeated, or none is any more. */
  trouble: Procedure<{ provider: string; reason?: string; wait?: number }, void>
}
