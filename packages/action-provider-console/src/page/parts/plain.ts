/**
 * Text of others as it can be shown: characters that nobody sees, or that turn the direction of what follows, are shown as marks.
 *
 * @example plain('a\u202eb') // 'a�b'
 */
export function plain(text: string): string {
  return text.replace(/[^\S\n ]|[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, (mark) =>
    mark === '\n' ? mark : '�',
  )
}
