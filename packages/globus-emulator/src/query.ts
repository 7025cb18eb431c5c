/** Whether a query parameter says yes, in JavaScript's spelling or Python's. */
export function isTrue(parameter: string | undefined): boolean {
  return parameter?.toLowerCase() === 'true'
}

/** What a query gives as `a,b` or as a repeated parameter; nothing where it does not give it. */
export function commaList(parameter: string | string[] | undefined): string[] | undefined {
  return parameter === undefined ? undefined : [parameter].flat().flatMap((text) => text.split(','))
}
