/** An event of a stream, with the last id that was given up to it. */
export type ServerEvent = { event: string; data: string; id: string }

/** How many characters of an event are read, before its end must have come. */
const LARGEST_EVENT = 16 * 1024 * 1024

/**
 * Reads a stream of server-sent events (HTML Standard, "Server-sent events") piece by piece.
 *
 * @returns what takes a piece, and gives the events that end in it
 */
export function eventReader(): (piece: string) => ServerEvent[] {
  let text = ''
  let scanned = 0
  let begins = true
  let id = ''
  let event = ''
  let data: string[] = []

  function take(line: string): ServerEvent | undefined {
    if (line === '') {
      const found = data.length > 0 ? { event: event || 'message', data: data.join('\n'), id } : undefined
      event = ''
      data = []
      return found
    }
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    if (field === 'data') data.push(value)
    else if (field === 'event') event = value
    else if (field === 'id' && !value.includes('\0')) id = value
    return undefined
  }

  return (piece) => {
    const events: ServerEvent[] = []
    text += begins && piece !== '' ? piece.replace(/^\uFEFF/, '') : piece
    begins &&= piece === ''
    let start = 0
    // A carriage return at the end may be half of a line's end.
    const ends = /\r\n|\n|\r(?=.)/gs
    for (ends.lastIndex = scanned; ; start = ends.lastIndex) {
      const end = ends.exec(text)
      if (end === null) break
      const found = take(text.slice(start, end.index))
      if (found) events.push(found)
    }
    text = text.slice(start)
    scanned = Math.max(0, text.length - 1)
    if (text.length + data.reduce((sum, each) => sum + each.length, 0) > LARGEST_EVENT) {
      throw new RangeError('an event that does not end: check its URL')
    }
    return events
  }
}
