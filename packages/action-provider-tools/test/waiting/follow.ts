import { eventReader, type ServerEvent } from '../../src/client/event-stream.ts'

/** A stream of updates that is being read. */
export type Followed = {
  status: number
  headers: Headers
  /** What came so far. */
  events: ServerEvent[]
  /** Every byte that came, comments too. */
  text: () => string
  /** Resolves when the stream has ended; rejects where it broke. */
  ended: Promise<void>
  hangUp: () => void
}

/** Opens a stream of updates, and reads it as it comes. */
export async function followUpdates(
  url: string,
  caller: { token: string },
  headers: Record<string, string> = {},
): Promise<Followed> {
  const hangUp = new AbortController()
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${caller.token}`, ...headers },
    signal: hangUp.signal,
  })
  const events: ServerEvent[] = []
  let text = ''
  const read = async (): Promise<void> => {
    const feed = eventReader()
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += piece
      events.push(...feed(piece))
    }
  }
  const ended = read()
  ended.catch(() => {})
  return {
    status: response.status,
    headers: response.headers,
    events,
    text: () => text,
    ended,
    hangUp: () => hangUp.abort(),
  }
}
