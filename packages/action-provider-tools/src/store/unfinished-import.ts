/** What to say of a store whose import has not ended. */
export function unfinishedImport(place: string): string {
  return `The import into ${place} has not ended: run "action-provider store import" with the same file again, or begin with an empty database`
}
