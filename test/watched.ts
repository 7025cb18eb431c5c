/** Programs whose memory and open handles are watched from the process that tests them. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Bytes in use, once what nothing refers to is gone. */
export type Memory = { heap: number; external: number; rss: number }

/** What a watched program tells of itself when it is ready, and how it ends. */
export type Opened<Info> = { info: Info; close: () => Promise<void> }

/** A watched program, seen from outside. */
export type Watched<Info> = {
  info: Info
  memory: () => Promise<Memory>
  /** Ends it; resolves with what kept it from ending by itself: nothing, where all was closed. */
  stop: () => Promise<string[]>
  /** Rejects when it ends before it is stopped. */
  crashed: Promise<never>
}

type Message = { info?: unknown; memory?: Memory; handles?: string[] }

/** The program's own side. Call it once, with what opens all it needs. */
export async function beWatched<Info>(open: () => Promise<Opened<Info>>): Promise<void> {
  const send = (message: Message): void => void process.send?.(message)
  // Whoever watched is gone, and so is the need for it.
  process.once('disconnect', () => process.exit())
  const { info, close } = await open()
  process.on('message', async (message) => {
    if (message === 'memory') {
      // Some things are let go of only by a collection that follows one.
      for (let round = 0; round < 3; round++) {
        globalThis.gc?.()
        await new Promise((resolve) => setImmediate(resolve))
      }
      const { heapUsed: heap, external, rss } = process.memoryUsage()
      send({ memory: { heap, external, rss } })
      return
    }
    await close()
    send({ handles: await leftOpen() })
    process.disconnect()
  })
  send({ info })
}

/** What is still open, after what is being closed has had its time. */
async function leftOpen(): Promise<string[]> {
  // The channel to the process that watches is no leak.
  const open = (): string[] => process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap')
  const end = performance.now() + 5_000
  while (open().length > 0 && performance.now() < end) await new Promise((resolve) => setImmediate(resolve))
  return open()
}

/** Starts a program that calls `beWatched`. */
export async function startWatched<Info>(
  main: URL,
  environment: Record<string, string> = {},
): Promise<Watched<Info>> {
  const child = fork(fileURLToPath(main), {
    execArgv: ['--expose-gc', '--conditions=source'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
  })
  const answer = async <Key extends keyof Message>(key: Key): Promise<NonNullable<Message[Key]>> => {
    for (;;) {
      const [message] = (await once(child, 'message')) as [Message]
      if (message[key] !== undefined) return message[key] as NonNullable<Message[Key]>
    }
  }
  let stopping = false
  const crashed = new Promise<never>((_resolve, reject) => {
    child.once('exit', (code, signal) => {
      if (!stopping) reject(new Error(`The program ended by itself: ${signal ?? code}`))
    })
  })
  crashed.catch(() => {})
  const ask = async <Key extends keyof Message>(
    question: string,
    key: Key,
  ): Promise<NonNullable<Message[Key]>> => {
    const told = answer(key)
    child.send(question)
    return await Promise.race([told, crashed])
  }
  const info = (await Promise.race([answer('info'), crashed])) as Info
  return {
    info,
    memory: () => ask('memory', 'memory'),
    async stop() {
      stopping = true
      const ended = once(child, 'exit')
      const handles = await ask('stop', 'handles')
      await ended
      return handles
    },
    crashed,
  }
}

/** Bytes, as people read them. */
export const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
