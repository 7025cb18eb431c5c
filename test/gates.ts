import { join } from 'node:path'

/** What deaf work did, and where. */
export type DeafSight = { what: 'begin' | 'woke'; action_id: string; process: number }

/** The file to which deaf work writes down what it does. */
export const sightsIn = (folder: string): string => join(folder, 'sights')

/** The file that opens a gate in a process: it works until then. */
export const gateIn = (folder: string, gate: string, pid: number | undefined): string =>
  join(folder, `${gate}-${pid}`)
