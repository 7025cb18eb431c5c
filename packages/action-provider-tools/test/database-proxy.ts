import { connect, createServer, type Socket } from 'node:net'

/** What stands between instances and their PostgreSQL server, and can do what networks do. */
export type DatabaseProxy = {
  /** The URL of a database, by way of this. */
  through: (url: string) => string
  /** Nothing passes any more, in either direction, and nobody is told; `false` lets all pass again. */
  silence: (on: boolean) => void
  /** Falls silent just before the next request that runs a statement is passed on. */
  silenceBefore: (statement: string) => Promise<void>
  /** Keeps the next answer to a statement back; resolves, once it is there, with what lets it pass. */
  holdAnswer: (statement: string) => Promise<() => void>
  /** The next answer to a statement, which has been carried out, never arrives: its connection breaks. */
  loseAnswer: (statement: string) => Promise<void>
  /** From now on this part of all answers to a statement, by chance, is lost. Returns how many were so far. */
  loseAnswers: (statement: string, part: number) => () => number
  close: () => Promise<void>
}

/** What is to happen at a request that runs a statement. */
type Rule = {
  statement: string
  chance: number
  before?: () => void
  answered?: (pass: () => void, cut: () => void) => void
}

/** Starts a proxy to where a URL of PostgreSQL leads. */
export async function startDatabaseProxy(target: string): Promise<DatabaseProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let rules: Rule[] = []
  let silent = false

  function track(socket: Socket): Socket {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    if (silent) socket.pause()
    return socket
  }

  const server = createServer((client) => {
    track(client)
    const upstream = track(connect(Number(port), hostname))
    let answering: Rule | undefined
    let held: Buffer[] = []
    client.on('data', (chunk) => {
      const rule = rules.find(({ statement, chance }) => runs(chunk, statement) && Math.random() < chance)
      rule?.before?.()
      if (rule?.answered) answering = rule
      // What was read before all fell silent is not passed on either.
      if (silent) client.unshift(chunk)
      else upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (answering === undefined) return void client.write(chunk)
      held.push(chunk)
      if (!isComplete(chunk)) return
      const { answered } = answering
      const answer = Buffer.concat(held)
      answering = undefined
      held = []
      answered?.(
        () => void client.write(answer),
        () => {
          client.destroy()
          upstream.destroy()
        },
      )
    })
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The system gives no port')

  function silence(on: boolean): void {
    silent = on
    for (const socket of sockets) on ? socket.pause() : socket.resume()
  }

  /** Adds a rule that holds once. */
  function once<T>(make: (fulfilled: (value: T) => void) => Omit<Rule, 'chance'>): Promise<T> {
    return new Promise((resolve) => {
      const rule: Rule = {
        ...make((value) => {
          resolve(value)
        }),
        chance: 1,
      }
      const { before } = rule
      rule.before = () => {
        rules = rules.filter((each) => each !== rule)
        before?.()
      }
      rules.push(rule)
    })
  }

  return {
    through(url) {
      const changed = new URL(url)
      changed.host = `127.0.0.1:${address.port}`
      return changed.href
    },
    silence,
    silenceBefore: (statement) =>
      once((fulfilled) => ({
        statement,
        before() {
          silence(true)
          fulfilled()
        },
      })),
    holdAnswer: (statement) => once((fulfilled) => ({ statement, answered: (pass) => fulfilled(pass) })),
    loseAnswer: (statement) =>
      once((fulfilled) => ({
        statement,
        answered(_pass, cut) {
          cut()
          fulfilled()
        },
      })),
    loseAnswers(statement, chance) {
      let lost = 0
      const answered = (_pass: () => void, cut: () => void): void => {
        lost++
        cut()
      }
      rules.push({ statement, chance, answered })
      return () => lost
    },
    async close() {
      silence(false)
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Whether a request runs a statement: as plain text, or prepared under this name, for its Bind message names it after the empty name of its portal. */
function runs(chunk: Buffer, statement: string): boolean {
  return isQuery(chunk, statement) || chunk.includes(Buffer.from(`\0${statement}\0`))
}

function isQuery(chunk: Buffer, text: string): boolean {
  return chunk[0] === 0x51 && chunk.subarray(5).toString('latin1') === `${text}\0`
}

/** Whether an answer ends here: with ReadyForQuery, whose length is always five. */
function isComplete(chunk: Buffer): boolean {
  return (
    chunk.length >= 6 &&
    chunk.readUInt8(chunk.length - 6) === 0x5a &&
    chunk.readInt32BE(chunk.length - 5) === 5
  )
}
