/** One row of the table. */
export type Figure = {
  name: string
  /** What `measured` and `limit` are in. */
  unit: string
  measured: number
  /** What it is compared with, and what that reached. */
  limit?: { name: string; value: number }
  /** Of the two, as the median of the rounds. */
  ratio?: number
  /** What `ratio`, or `measured` where there is none, must be. */
  must?: { least: number } | { most: number }
  /** What else is to be known. */
  note?: string
  /** Everything else that was measured, for the JSON. */
  detail?: unknown
}

/** Whether a figure is as it must be; nothing where it is only stated. */
export function isMet({ measured, ratio = measured, must }: Figure): boolean | undefined {
  if (must === undefined) return undefined
  return 'least' in must ? ratio >= must.least : ratio <= must.most
}
