import { randomUUID } from 'node:crypto'
import { Client, type ClientConfig } from 'pg'
import { backoff } from '../../retry.ts'
import type { StoreEvent } from '../action-store.ts'
import { createWatches, type Watches, type WatchMessage } from './watches.ts'

/** Sends and receives events between instances. Events may be missed, so workers also poll. */
export type Notifications = {
  subscribe: (provider: string, listener: (event: StoreEvent) => void) => () => void
  /**
   * The payload with which a transaction calls `pg_notify('action_provider', …)`. Other instances receive it
   * after the commit.
   */
  payload: (provider: string, event: StoreEvent) => string
  /** Calls the listeners of this instance. */
  notify: (provider: string, event: StoreEvent) => void
  watch: Watches['watch']
  /** Calls the listeners of an action here, and on instances that watch it. */
  notifyWatchers: Watches['notify']
  close: () => Promise<void>
}

/** The first and the longest pause before connecting again, in milliseconds. */
const BACKOFF = { first: 100, most: 5_000 }

/** How often the connection is checked, in milliseconds: a dead connection may never report an error. */
const HEARTBEAT = 15_000

/** @param report receives the error when the connection breaks; it is then made again */
export function createNotifications(config: ClientConfig, report: (error: unknown) => void): Notifications {
  /** Identifies this instance's own messages: its listeners have been called already. */
  const origin = randomUUID()
  const listeners = new Map<string, Set<(event: StoreEvent) => void>>()
  let client: Client | undefined
  let timer: NodeJS.Timeout | undefined
  let failures = 0
  let state: 'idle' | 'listening' | 'closed' = 'idle'
  let connected = false
  const watches = createWatches(send, report)

  function notify(provider: string, event: StoreEvent): void {
    for (const listener of listeners.get(provider) ?? []) {
      try {
        listener(event)
      } catch (error) {
        report(error)
      }
    }
  }

  function receive(payload: string | undefined): void {
    const message = readMessage(payload)
    if (message === undefined || message.origin === origin) return
    if ('event' in message) notify(message.provider, message.event)
    else watches.receive(message)
  }

  /** Sends a message that may be lost: a new connection announces everything again. */
  function send(message: WatchMessage): void {
    if (!connected) return
    const payload = JSON.stringify({ origin, ...message } satisfies Message)
    client?.query("SELECT pg_notify('action_provider', $1)", [payload]).catch(() => {})
  }

  function listen(): void {
    if (state !== 'idle') return
    state = 'listening'
    void connect()
  }

  async function connect(): Promise<void> {
    const connecting = new Client(config)
    client = connecting
    let lost = false
    const lose = (error: unknown): void => {
      if (lost || state === 'closed') return
      lost = true
      connected = false
      report(error)
      connecting.end().catch(() => {})
      timer = setTimeout(connect, backoff(++failures, BACKOFF)).unref()
    }
    connecting.on('error', lose)
    connecting.on('end', () => lose(new Error('The connection that listens has ended')))
    connecting.on('notification', ({ payload }) => receive(payload))
    try {
      await connecting.connect()
      await connecting.query('LISTEN action_provider')
    } catch (error) {
      return lose(error)
    }
    failures = 0
    connected = true
    // Events may have been missed without a connection.
    for (const provider of listeners.keys()) notify(provider, { kind: 'job' })
    watches.reconnected()
    const beat = (): void => {
      timer = setTimeout(() => connecting.query('SELECT 1').then(beat, lose), HEARTBEAT).unref()
    }
    beat()
  }

  return {
    subscribe(provider, listener) {
      const present = listeners.get(provider) ?? new Set()
      listeners.set(provider, present.add(listener))
      listen()
      return () => {
        present.delete(listener)
      }
    },
    payload: (provider, event) => JSON.stringify({ origin, provider, event } satisfies Message),
    notify,
    watch(actionId, listener) {
      listen()
      return watches.watch(actionId, listener)
    },
    notifyWatchers: watches.notify,
    async close() {
      state = 'closed'
      connected = false
      watches.close()
      clearTimeout(timer)
      await client?.end().catch(() => {})
    },
  }
}

type Message = { origin: string } & ({ provider: string; event: StoreEvent } | WatchMessage)

function readMessage(payload = ''): Message | undefined {
  try {
    return JSON.parse(payload) as Message
  } catch {
    return undefined
  }
}
