import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { NetworkFailure, retryAfter } from 'action-provider-tools/client'
import { isObject } from '../client/documents.ts'
import { Fault, TimeUp } from './outcome.ts'
import { type Answer, exchange, type WireRequest } from './wire.ts'

/** Who sends a request: the caller, the other caller, or nobody (without a token). */
export type Who = 'caller' | 'other' | 'nobody'

/** A request of a check. */
export type Ask = {
  method?: string
  /** The path below the base URL, with a leading slash; '' is the base URL itself. */
  path: string
  as?: Who
  /** Replaces the caller's Authorization header. */
  authorization?: string
  query?: Record<string, string>
  json?: unknown
  body?: string | Uint8Array
  contentType?: string
}

/** The request document of run, as checks send it. */
export type RunRequest = { request_id: string | number; body: unknown; [field: string]: unknown }

/** The provider under check, and what is known of it so far. */
export type Subject = {
  readonly url: URL
  readonly description: Readonly<Record<string, unknown>>
  /** Why its input schema cannot be used. */
  readonly unusableSchema: string | undefined
  /** An input that does not fit the schema, if known. */
  readonly unfitInput: unknown
  readonly hasOther: boolean
  /** How long an action may take before the checks cancel it, in milliseconds. */
  readonly patience: number
  /** All answers so far. */
  readonly seen: readonly Answer[]
  /** The actions that these checks have started and not released, and who started each. */
  readonly started: ReadonlyMap<string, Who>
  /** Actions that a new request got with 200, as if it repeated another. They may belong to others. */
  readonly unclear: ReadonlySet<string>
  /** How often an action was started. */
  readonly count: () => number
  /** The callers' tokens, for the check that searches answers for them. */
  readonly tokens: readonly string[]
  /** @throws Fault if no answer comes; TimeUp */
  send(ask: Ask): Promise<Answer>
  /** A new request. Its id is the text of a number, so that the number can be sent instead. */
  fresh(more?: Record<string, unknown>): RunRequest
  /** Waits, unless the time is up. @throws TimeUp */
  wait(milliseconds: number): Promise<void>
  /** What `make` made the first time it was called with this subject. */
  shared<T>(make: (subject: Subject) => Promise<T>): Promise<T>
}

export type SubjectOptions = {
  url: URL
  description: Record<string, unknown>
  unusableSchema?: string | undefined
  input: unknown
  unfitInput?: unknown
  token: string
  otherToken?: string | undefined
  /** How long an action may take before it is canceled, in milliseconds; 10 seconds where it is left out. */
  patience?: number
  /** Aborts everything under way. */
  signal: AbortSignal
  trace: (answer: Answer) => void
}

/** How long one request may take, in milliseconds. */
const PATIENCE = 15_000
/** How often a request is repeated to a provider that is busy. */
const REPEATS = 3
const LONGEST_WAIT = 60_000

export function createSubject(options: SubjectOptions): Subject {
  const { url, description, unusableSchema, input, unfitInput, token, otherToken, signal, trace } = options
  const seen: Answer[] = []
  const started = new Map<string, Who>()
  const ever = new Set<string>()
  const unclear = new Set<string>()
  const fixtures = new Map<unknown, Promise<unknown>>()

  async function wait(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal }).catch(() => {})
    if (signal.aborted) throw new TimeUp()
  }

  async function once(request: WireRequest, starts: boolean): Promise<Answer> {
    if (signal.aborted) throw new TimeUp()
    const patience = AbortSignal.timeout(PATIENCE)
    try {
      // A run that was sent is not aborted: the action that it starts must be known to be released.
      const answer = await exchange(request, starts ? patience : AbortSignal.any([signal, patience]))
      trace(answer)
      return answer
    } catch (error) {
      if (signal.aborted) throw new TimeUp()
      if (!(error instanceof NetworkFailure)) throw error
      const none = {
        request,
        status: 0,
        headers: new Headers(),
        text: '',
        json: undefined,
        at: 0,
        milliseconds: 0,
      }
      throw new Fault(`no answer came: ${error.message}`, none)
    }
  }

  async function send(ask: Ask): Promise<Answer> {
    const request = wireRequest(ask)
    let answer = await once(request, isRun(ask))
    for (let repeats = 0; repeats < REPEATS && asksForPatience(answer); repeats++) {
      await wait(Math.min(LONGEST_WAIT, retryAfter(answer) ?? 1_000))
      answer = await once(request, isRun(ask))
    }
    seen.push(answer)
    note(ask, answer)
    return answer
  }

  function wireRequest({ method = 'GET', path, as = 'caller', authorization, ...ask }: Ask): WireRequest {
    const base = url.pathname.replace(/\/+$/, '')
    const target = new URL(`${url.origin}${base}${path}`)
    // The provider chooses action_ids, but tokens may only go below its base URL.
    if (!`${target.pathname}/`.startsWith(`${base}/`))
      throw new Fault(`an action_id leads to ${target.pathname}`)
    for (const [name, value] of Object.entries(ask.query ?? {})) target.searchParams.set(name, value)
    const bearer = { caller: `Bearer ${token}`, other: `Bearer ${otherToken}`, nobody: undefined }[as]
    const header = authorization ?? bearer
    const body = ask.json === undefined ? ask.body : JSON.stringify(ask.json)
    const type = ask.contentType ?? (ask.json === undefined ? undefined : 'application/json')
    return {
      method,
      url: target,
      headers: { ...(header && { authorization: header }), ...(type && { 'content-type': type }) },
      body,
      sender: authorization === undefined ? senders[as] : 'with a made-up Authorization header',
    }
  }

  /** Remembers started actions. An action answered with 200 may belong to somebody else: it is left alone. */
  function note(ask: Ask, { status, json }: Answer): void {
    const { method, path, as = 'caller' } = ask
    if (!isObject(json) || typeof json.action_id !== 'string') return
    if (isRun(ask)) {
      if (status === 202) {
        // Of simultaneous requests, a repetition may be answered first.
        unclear.delete(json.action_id)
        ever.add(json.action_id)
        started.set(json.action_id, as)
      } else if (status === 200 && !ever.has(json.action_id)) unclear.add(json.action_id)
    }
    if (status === 200 && (method === 'DELETE' || /\/release\/?$/.test(path))) started.delete(json.action_id)
  }

  const subject: Subject = {
    url,
    description,
    unusableSchema,
    unfitInput,
    hasOther: otherToken !== undefined,
    patience: options.patience ?? 10_000,
    seen,
    started,
    unclear,
    count: () => ever.size,
    tokens: [token, otherToken].filter((each) => each !== undefined),
    send,
    fresh: (more = {}) => ({
      request_id: String(randomInt(2 ** 47, 2 ** 48 - 1)),
      body: input,
      label: 'conformance check',
      release_after: 'P1D',
      ...more,
    }),
    wait,
    shared<T>(make: (subject: Subject) => Promise<T>): Promise<T> {
      const made = fixtures.get(make) ?? make(subject)
      fixtures.set(make, made)
      return made as Promise<T>
    },
  }
  return subject
}

const senders = { caller: 'as the caller', other: 'as the other caller', nobody: 'without a token' } as const

function isRun({ method, path }: Ask): boolean {
  return method === 'POST' && /^\/(run|actions)\/?$/.test(path)
}

/** Repeats only if the answer has Retry-After: other refusals may be what a check expects. */
function asksForPatience({ status, headers }: Answer): boolean {
  return (status === 429 || status === 503) && headers.has('retry-after')
}
