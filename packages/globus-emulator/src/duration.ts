const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * Reads a duration such as `30s`, `10m`, `12h` or `2d`.
 *
 * @returns whole seconds above 0, or `undefined` for anything else
 * @example readDuration('10m') // 600
 * @example readDuration('45') // 45
 */
export function readDuration(text: string): number | undefined {
  const [, amount, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? []
  const span = Number(amount) * seconds[unit as keyof typeof seconds]
  return span > 0 ? span : undefined
}

/** The inverse of {@link readDuration}, in the largest unit that needs no fraction. */
export function formatDuration(span: number): string {
  const [unit, length] = Object.entries(seconds).findLast(([, length]) => span % length === 0) ?? ['s', 1]
  return `${span / length}${unit}`
}
