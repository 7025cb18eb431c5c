import { type Problem, ProblemError, toProblem } from './problem.ts'

/** A function that one side offers to the other. `emit` sends events before the result. */
export type Procedure<Argument, Result, Event = never> = (
  argument: Argument,
  context: { signal: AbortSignal; emit: (event: Event) => void },
) => Result | Promise<Result>

// biome-ignore lint/complexity/noBannedTypes: no name is known beforehand
export type Procedures = {}
type AnyProcedure = Procedure<never, unknown, unknown>

type Message =
  | { kind: 'call'; id: number; name: string; argument: unknown }
  | { kind: 'stop'; id: number }
  | { kind: 'event'; id: number; value: unknown }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'error'; id: number; problem: Problem }

/** A `Worker`, or the global of a worker. */
export type Port = {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

type ArgumentOf<P> = P extends Procedure<infer Argument, unknown, unknown> ? Argument : never
type EventOf<P> = P extends (
  argument: never,
  context: { emit: (event: infer Event) => void } & infer _,
) => unknown
  ? Event
  : never
type ResultOf<P> = P extends (...given: never[]) => infer Result ? Awaited<Result> : never

/** Calls what the other side offers. @throws ProblemError; the signal's reason */
export type Call<Theirs> = <Name extends keyof Theirs & string>(
  name: Name,
  argument: ArgumentOf<Theirs[Name]>,
  options?: { signal?: AbortSignal | undefined; onEvent?: (event: EventOf<Theirs[Name]>) => void },
) => Promise<ResultOf<Theirs[Name]>>

type Waiting = {
  resolve(value: unknown): void
  reject(error: unknown): void
  onEvent: ((event: never) => void) | undefined
}

/**
 * Connects one side of a port: it serves the offered functions and calls those of the other side.
 *
 * @example const call = peer<ThreadCalls>(worker, pageCalls); await call('introspect', { provider })
 */
export function peer<Theirs extends Procedures>(port: Port, offered: Procedures): Call<Theirs> {
  const own = offered as Record<string, AnyProcedure>
  const waiting = new Map<number, Waiting>()
  const running = new Map<number, AbortController>()
  const send = (message: Message): void => port.postMessage(message)
  let last = 0

  async function serve(id: number, name: string, argument: unknown): Promise<void> {
    const stop = new AbortController()
    running.set(id, stop)
    try {
      const procedure = own[name]
      if (procedure === undefined) throw new Error(`${name} is not offered`)
      const emit = (value: unknown): void => {
        if (!stop.signal.aborted) send({ kind: 'event', id, value })
      }
      const value = await procedure(argument as never, { signal: stop.signal, emit })
      if (!stop.signal.aborted) send({ kind: 'result', id, value })
    } catch (error) {
      if (!stop.signal.aborted) send({ kind: 'error', id, problem: toProblem(error) })
    } finally {
      running.delete(id)
    }
  }

  port.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    const { id } = data
    if (data.kind === 'call') return void serve(id, data.name, data.argument)
    if (data.kind === 'stop') return running.get(id)?.abort(new DOMException('Stopped', 'AbortError'))
    const asked = waiting.get(id)
    if (data.kind === 'event') return asked?.onEvent?.(data.value as never)
    waiting.delete(id)
    if (data.kind === 'error') asked?.reject(new ProblemError(data.problem))
    else asked?.resolve(data.value)
  })

  return (name, argument, { signal, onEvent } = {}) => {
    const id = ++last
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, onEvent })
      signal?.addEventListener('abort', () => {
        if (waiting.delete(id)) send({ kind: 'stop', id })
        reject(signal.reason)
      })
      send({ kind: 'call', id, name, argument })
    })
  }
}
