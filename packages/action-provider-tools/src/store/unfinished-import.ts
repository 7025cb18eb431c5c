/** The message about a store whose import is not complete. */
export function unfinishedImport(place: string): string {
  return `The import into ${place} is not complete: run "action-provider store import" with the same file again, or begin with an empty database`
}
