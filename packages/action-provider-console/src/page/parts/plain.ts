/**
 * Makes foreign text safe to show: replaces invisible characters, and those that change the direction of the
 * text, by marks.
 *
 * @example plain('a\u202eb') // 'a�b'
 */
export function plain(text: string): string {
  return text.replace(/[^\S\n ]|[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, (mark) =>
    mark === '\n' ? mark : '�',
  )
}
