/** What a query gives as `a,b` or as a repeated parameter; nothing where it does not give it. */
export function commaList(parameter: string | string[] | undefined): string[] | undefined {
  return parameter === undefined ? undefined : [parameter].flat().flatMap((text) => text.split(','))
}
