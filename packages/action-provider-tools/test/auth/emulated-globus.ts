import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Emulator,
  type EmulatorOptions,
  type Endpoint,
  groupsScope,
  type Registered,
  startEmulator,
  type User,
} from 'globus-emulator'
import { type Auth, type GlobusAuthOptions, globusAuth } from '../../src/index.ts'

/** A scope of another service, on which the provider's scope does not depend as registered. */
export const transferScope = 'urn:globus:auth:scope:transfer.api.globus.org:all'

/** A running emulator, a provider registered in it, and clocks that the test turns. */
export type EmulatedGlobus = {
  emulator: Emulator
  provider: Registered
  /** The provider's scope. */
  scope: string
  /** Another scope of the same provider. */
  otherScope: string
  /** An Auth of the provider's, closed at the end. It does not retry unless it is told to. */
  auth(options?: Partial<GlobusAuthOptions>): Auth
  /** A new token for a user, by default with the provider's scope. */
  token(username: string, scope?: string): Promise<string>
  user(username: string): Promise<User>
  /** Lets time pass for the caches, the breaker and the ends of tokens. */
  pass(milliseconds: number): void
  /** Sets the clock on the wall forwards or back, which no cache may notice. */
  turnClock(milliseconds: number): void
  /** How often each endpoint was asked while something was done. */
  asked(work: () => unknown): Promise<Partial<Record<Endpoint, number>>>
  /** Ends faults and puts the clocks right. */
  calm(): Promise<void>
  close(): Promise<void>
}

export async function emulateGlobus(options: EmulatorOptions = {}): Promise<EmulatedGlobus> {
  const emulator = await startEmulator({ port: 0, ...options })
  const provider = await emulator.register({
    name: 'provider',
    scopes: [{ suffix: 'action_all', dependents: [groupsScope] }, { suffix: 'other' }],
  })
  const [scope = '', otherScope = ''] = provider.scopes
  const users = await emulator.users()
  const auths: Auth[] = []
  let time = 1
  let turned = 0

  return {
    emulator,
    provider,
    scope,
    otherScope,
    auth(options = {}) {
      const made = globusAuth({
        clientId: provider.client_id,
        clientSecret: provider.client_secret,
        scope,
        authUrl: emulator.url,
        groupsUrl: emulator.url,
        retries: 0,
        monotonicClock: () => time,
        clock: () => Date.now() + turned,
        ...options,
      })
      auths.push(made)
      return made
    },
    token: (username, wanted = scope) => emulator.issueToken({ username, scope: wanted }),
    async user(username) {
      const found = users.find(({ short_name }) => short_name === username)
      if (found === undefined) throw new Error(`The emulator has no user ${username}`)
      return found
    },
    pass(milliseconds) {
      time += milliseconds
    },
    turnClock(milliseconds) {
      turned += milliseconds
    },
    async asked(work) {
      const before = await emulator.requests()
      await work()
      const after = Object.entries(await emulator.requests()) as [Endpoint, number][]
      return Object.fromEntries(
        after
          .map(([endpoint, count]) => [endpoint, count - before[endpoint]] as const)
          .filter(([, count]) => count > 0),
      )
    },
    async calm() {
      turned = 0
      await emulator.clearFaults()
    },
    async close() {
      await Promise.all(auths.map((made) => made.close()))
      await emulator.close()
    },
  }
}

/** A server in place of Globus, for answers that the emulator does not give. */
export async function serveInstead(
  answer: RequestListener,
): Promise<{ url: string; requests(): number; close(): Promise<void> }> {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What a promise or a function was refused with; an error of its own when it was not refused. */
export async function refusal(attempt: () => unknown): Promise<unknown> {
  try {
    await attempt()
  } catch (error) {
    return error
  }
  throw new Error('This was not refused')
}

/** Many at once. */
export function times<Value>(count: number, make: (index: number) => Value): Value[] {
  return Array.from({ length: count }, (_, index) => make(index))
}
